"""Choice of candidates of keys, written into the table of a plan for the next run: ``stylize pick``."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from stylize.errors import PlanError, SettingsError
from stylize.io_errors import PROJECT_OPTION
from stylize.keys.candidates import CANDIDATES
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import frame_number
from stylize.planning.key_choices import table_of, write_table
from stylize.planning.keys_csv import BYTE_ORDER_MARK, parse_choices, read_table, with_cells
from stylize.project import Project, trusted_settings
from stylize.reporter import OnMessage
from stylize.settings import Settings, looks_of
from stylize.stages import cache_key


def pick_candidates(
    project: Path, choices: Mapping[int, int | None], *, layer: str | None = None, lock: bool | None = None,
    trust: bool = False, allow: Sequence[str] = (), message: OnMessage = lambda text: None,
) -> Path:  # fmt: skip
    """Write the choice of candidates into the table of a look, and return its path.

    choices: number of a candidate, from 1, by frame; None clears the choice. lock: lock these keys, or unlock them;
    None leaves that as it is. Everything else in the table stays. Raises ProjectError for a folder that is not a
    project, SettingsError for an unknown layer, PlanError for an invalid table, a candidate that does not exist, or
    another choice for a locked key.
    """
    _, settings = trusted_settings(project, {"trust": trust, "allow": allow}, message)
    look = _look(settings, layer)
    opened = Project(project)
    with opened.locked():
        part = opened.layer(layer) if layer else opened
        table = table_of(look, part.root)
        existing = _candidates(part)
        for frame, place in choices.items():
            _check(frame, place, existing.get(frame, ()), part)
        text = read_table(table) if table.exists() else ""
        _refuse_locked(text, choices, table, lock)
        cells = {frame: _cells(place, lock) for frame, place in choices.items()}
        try:
            changed = with_cells(text, cells)
        except PlanError as error:
            raise PlanError(f"{table}, {error}") from None
        _write(changed, table, part)
    return table


def lock_keys(part: Project, look: Settings, frames: Iterable[int]) -> Path:
    """Lock keys of a look in a locked project, and return the path of its table, in which everything else stays.

    Raises PlanError for an invalid table.
    """
    table = table_of(look, part.root)
    text = read_table(table) if table.exists() else ""
    try:
        changed = with_cells(text, {frame: {"lock": "1"} for frame in frames})
    except PlanError as error:
        raise PlanError(f"{table}, {error}") from None
    if changed != text:
        _write(changed, table, part)
    return table


def _look(settings: Settings, layer: str | None) -> Settings:
    looks = {look.name: look.settings for look in looks_of(settings)}
    if (layer or "") in looks:
        return looks[layer or ""]
    names = [name for name in looks if name]
    if not names:
        raise SettingsError(f"--layer {layer}: the project has no layers; leave it out")
    found = "none" if layer is None else repr(layer)
    raise SettingsError(f"--layer: expected one of the layers {', '.join(names)}, found {found}")


def _candidates(project: Project) -> dict[int, tuple[int, ...]]:
    """Return the numbers of the existing candidates of each key, by frame."""
    found: dict[int, list[int]] = {}
    for path in sorted((project.folder("keys") / CANDIDATES).glob("*.png")):
        stem, _, place = path.stem.rpartition(".")
        frame = frame_number(Path(f"{stem}.png")) if place.isascii() and place.isdigit() else None
        if frame is not None:
            found.setdefault(frame, []).append(int(place))
    return {frame: tuple(sorted(places)) for frame, places in found.items()}


def _check(frame: int, place: int | None, existing: Sequence[int], project: Project) -> None:
    """Raise PlanError for a candidate that does not exist."""
    if place is None or place in existing:
        return
    if not existing:
        raise PlanError(
            f"frame {frame} has no candidates in {project.folder('keys') / CANDIDATES}; render some with --candidates 4"
        )
    listed = ", ".join(map(str, existing))
    raise PlanError(f"frame {frame}: expected one of its candidates {listed}, found {place}; choose one of them")


def _refuse_locked(text: str, choices: Mapping[int, int | None], table: Path, lock: bool | None) -> None:
    """Raise PlanError for another choice for a locked key, unless it is unlocked."""
    if not text.strip() or lock is False:
        return
    try:
        before = parse_choices(text, choices.keys(), is_partial=True)
    except PlanError as error:
        raise PlanError(f"{table}, {error}") from None
    for frame, choice in before.items():
        if choice.lock and choice.pick != choices[frame]:
            raise PlanError(f"{table}, {choice.origin}: frame {frame} is locked; give --unlock to choose another")


def _cells(place: int | None, lock: bool | None) -> dict[str, str]:
    cells = {"pick": "" if place is None else str(place)}
    return cells if lock is None else cells | {"lock": "1" if lock else ""}


def _write(text: str, table: Path, project: Project) -> None:
    """Write a table. One that a person has edited stays theirs, so that no plan overwrites it."""
    if not table.exists() or project.ours(table):
        project.place(table, cache_key("plan_report", text), partial(write_table, text))
        return
    marked = table.read_bytes().startswith(BYTE_ORDER_MARK.encode())
    with atomic_write(table, PROJECT_OPTION) as partial_file:
        write_table(f"{BYTE_ORDER_MARK if marked else ''}{text}", partial_file)

"""Choices for single keys, written into the table of a plan for the next run: ``stylize pick``."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from stylize.errors import PlanError, SettingsError
from stylize.extensions.discovery import renderer
from stylize.io_errors import PROJECT_OPTION
from stylize.keys.candidates import CANDIDATES
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import frame_number
from stylize.planning.key_choices import table_of, write_table
from stylize.planning.keys_csv import BYTE_ORDER_MARK, MAX_SEED, choice_cells, parse_choices, read_table, with_cells
from stylize.project import Project, trusted_settings
from stylize.reporter import OnMessage
from stylize.settings import Settings, looks_of
from stylize.stages import cache_key

# Frames with the number of a candidate, None to clear the choice; or frames alone, which leaves the choice as it is.
Choices = Mapping[int, int | None] | Collection[int]
# Seed of the settings, instead of one of the key's own.
OWN: Literal["own"] = "own"


@dataclass(frozen=True)
class KeyWishes:
    """New values for the chosen keys; None leaves a value unchanged.

    lock: lock these keys, or unlock them. seed: their seed; OWN for that of the settings. prompt: their prompt; empty
    for that of the settings.
    """

    lock: bool | None = None
    seed: int | Literal["own"] | None = None
    prompt: str | None = None

    @property
    def cells(self) -> dict[str, str]:
        """Cells of the table that change."""
        found = {} if self.lock is None else {"lock": "1" if self.lock else ""}
        if self.seed is not None:
            found["seed"] = "" if self.seed == OWN else str(self.seed)
        return found if self.prompt is None else found | {"prompt": self.prompt}

    def check(self) -> None:
        """Raise SettingsError for a value that a run would refuse."""
        if isinstance(self.seed, bool) or not (self.seed in (None, OWN) or self._has_seed):
            raise SettingsError(f"seed: expected a whole number from 0 to {MAX_SEED}, or own, found {self.seed!r}")
        if self.prompt is not None and not self.prompt.isprintable():
            raise SettingsError(f"prompt: expected a single line of text, found {self.prompt[:40]!r}")

    @property
    def _has_seed(self) -> bool:
        return isinstance(self.seed, int) and 0 <= self.seed <= MAX_SEED


def pick_candidates(
    project: Path, choices: Choices, wishes: KeyWishes, *, layer: str | None = None,
    trust: bool = False, allow: Sequence[str] = (), message: OnMessage = lambda text: None,
) -> Path:  # fmt: skip
    """Write choices for single keys into the table of a look, and return its path. Nothing else in the table changes.

    Raises ProjectError for a folder that is not a project, SettingsError for an unknown layer or a seed out of range,
    PlanError for an invalid table, a candidate that does not exist, or another choice for a locked key.
    """
    wishes.check()
    picks = choices if isinstance(choices, Mapping) else {}
    _, settings = trusted_settings(project, {"trust": trust, "allow": allow}, message)
    look = _look(settings, layer)
    if wishes.prompt and "prompt" not in renderer(look.renderer).reads:
        raise SettingsError(f"prompt: --renderer {look.renderer} reads none; choose another renderer, or leave it out")
    opened = Project(project)
    with opened.locked():
        part = opened.layer(layer) if layer else opened
        table = table_of(look, part.root)
        existing = _candidates(part)
        for frame, place in picks.items():
            _check(frame, place, existing.get(frame, ()), part)
        cells = {frame: _picked(picks, frame) | wishes.cells for frame in choices}
        text = read_table(table) if table.exists() else ""
        _refuse_locked(text, cells, table, is_unlocked=wishes.lock is False)
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


def _refuse_locked(text: str, cells: Mapping[int, Mapping[str, str]], table: Path, *, is_unlocked: bool) -> None:
    """Raise PlanError for another choice for a locked key, unless it is unlocked."""
    if not text.strip() or is_unlocked:
        return
    try:
        before = parse_choices(text, cells.keys(), is_partial=True)
    except PlanError as error:
        raise PlanError(f"{table}, {error}") from None
    for frame, choice in before.items():
        if choice.lock and any(choice_cells(choice)[name] != value for name, value in cells[frame].items()):
            raise PlanError(f"{table}, {choice.origin}: frame {frame} is locked; give --unlock to choose another")


def _picked(picks: Mapping[int, int | None], frame: int) -> dict[str, str]:
    if frame not in picks:
        return {}
    place = picks[frame]
    return {"pick": "" if place is None else str(place)}


def _write(text: str, table: Path, project: Project) -> None:
    """Write a table. A table that a person has edited still counts as edited, so that no plan overwrites it."""
    if not table.exists() or project.ours(table):
        project.place(table, cache_key("plan_report", text), partial(write_table, text))
        return
    marked = table.read_bytes().startswith(BYTE_ORDER_MARK.encode())
    with atomic_write(table, PROJECT_OPTION) as partial_file:
        write_table(f"{BYTE_ORDER_MARK if marked else ''}{text}", partial_file)

"""Choices of a person for single keys of a look, from its table of the plan: seed, prompt, candidate and lock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from stylize.context.context import Context
from stylize.errors import PlanError
from stylize.extensions.discovery import renderer
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.keys.candidates import candidate_seed
from stylize.keys.key_choice import NO_CHOICE, KeyChoice
from stylize.planning.keys_csv import choice_cells, read_choices, with_cells
from stylize.project import Project
from stylize.settings import Settings
from stylize.settings.schedules import with_texts
from stylize.stages import cache_key

# Name of the table in the folder of a look.
TABLE = "keys.csv"


def table_of(settings: Settings, root: Path) -> Path:
    """Return the table that holds the choices of a look: that of ``--keyframes``, or that in its folder.

    root: the project, or the folder of a layer in it.
    """
    return settings.keyframes if isinstance(settings.keyframes, Path) else root / TABLE


def read_key_choices(context: Context) -> dict[int, KeyChoice]:
    """Return the choices for the keys of a look, by frame.

    A draft takes seeds and prompts from the table of the full size, but neither picks nor locks, whose pictures have
    another size. Raises PlanError for an invalid table, or a prompt for a renderer that reads none.
    """
    table = table_of(context.settings, context.full.project.root)
    if not table.is_file():
        return {}
    found = read_choices(table, frozenset(context.shot.frames), is_partial=context.settings.frames is not None)
    if context.draft is not None:
        found = {frame: replace(choice, pick=None, lock=False) for frame, choice in found.items()}
    for choice in found.values():
        if choice.prompt is not None and "prompt" not in renderer(context.settings.renderer).reads:
            raise PlanError(
                f"{choice.origin}, column prompt: --renderer {context.settings.renderer} reads no prompt; clear the "
                "cell, or choose another renderer"
            )
    return found


class _Shot(Protocol):
    @property
    def keys(self) -> list[int]: ...


def write_missing_table(context: Context, shots: Sequence[_Shot]) -> Path:
    """Write a table with a row for each keyframe if a look has none, and return the path of its table."""
    table = table_of(context.settings, context.full.project.root)
    if not table.exists():
        rows = {frame: choice_cells(NO_CHOICE) for shot in shots for frame in shot.keys}
        text = with_cells("", rows)
        context.full.project.place(table, cache_key("plan_report", text), partial(write_table, text))
    return table


def write_table(text: str, path: Path) -> None:
    """Write the text of a table. Raises OutputError."""
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        path.unlink(missing_ok=True)
        raise output_error(error, path, PROJECT_OPTION) from error


def take_choices(old: Project, new: Project, look: Settings, new_number: Callable[[int], int | None]) -> None:
    """Copy the choices in the table of a look's folder to a new version of the shot, unless that has a table.

    A picked candidate becomes a seed, because seeds of candidates depend on frame numbers. new_number: returns the new
    number of an old frame, None if it is gone. Raises PlanError for an invalid table, OutputError.
    """
    source, target = old.root / TABLE, new.root / TABLE
    if not source.is_file() or target.exists():
        return
    cells: dict[int, dict[str, str]] = {}
    for frame, choice in read_choices(source).items():
        moved = new_number(frame)
        if moved is not None:
            own = look.seed if choice.seed is None else choice.seed
            seed = choice.seed if choice.pick is None else candidate_seed(own, frame, choice.pick)
            cells[moved] = choice_cells(replace(choice, seed=seed, pick=None))
    if cells:
        text = with_cells("", cells)
        new.place(target, cache_key("plan_report", text), partial(write_table, text))


def with_prompts(settings: Settings, choices: Mapping[int, KeyChoice]) -> Settings:
    """Return the settings with the prompts of single keys. Raises SettingsError for a prompt that cannot be used."""
    prompts = {frame: choice.prompt for frame, choice in choices.items() if choice.prompt is not None}
    return replace(settings, prompt=with_texts(settings.prompt or "", prompts)) if prompts else settings

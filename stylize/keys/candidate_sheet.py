"""Sheets of the candidates of a look: one row for each key, from which a person picks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize.context.context import Context
from stylize.context.shot_facts import footage, look_facts, look_references
from stylize.keys.candidates import candidate_seed
from stylize.keys.key_choice import KeyChoice
from stylize.settings.command_words import shell_command
from stylize.sheets import Cell, Column, LegendItem, Row, Sheet, State, write_sheet
from stylize.sheets.cache_inputs import sheet_inputs
from stylize.stages import cache_key

# Name of the file in the folder of a look, without its suffix; further sheets are numbered.
NAME = "candidates"
# Max number of keys on one sheet, and of its columns.
KEYS, COLUMNS = 12, 8


@dataclass(frozen=True)
class KeyCandidates:
    """Candidates of one key. files: in order. seed: of the first. choice: the person's. prompt: empty without one."""

    frame: int
    files: Sequence[Path]
    seed: int
    choice: KeyChoice
    prompt: str = ""


def write_candidate_sheets(context: Context, keys: Sequence[KeyCandidates], shots: int) -> list[Path]:
    """Write the sheets into the folder of a look, and return their paths. shots: number of shots in the footage."""
    pages = [keys[start : start + KEYS] for start in range(0, len(keys), KEYS)]
    return [_write(context, some, shots, number) for number, some in enumerate(pages, 1)]


def _write(context: Context, keys: Sequence[KeyCandidates], shots: int, number: int) -> Path:
    count = max(len(key.files) for key in keys)
    headings = [Column("plate"), *(Column(str(place)) for place in range(1, count + 1))]
    has_headings = len(headings) <= COLUMNS
    example = f"{keys[0].frame}={min(count, 2)}"
    layer = ["--layer", context.name] if context.name else []
    sheet = Sheet(
        context.shot.name, [_row(context, key, caption="" if has_headings else "plate") for key in keys],
        f"candidates of keyframes, {footage(context.shot, shots)}", look_facts(context.settings),
        look_references(context.settings), columns=headings if has_headings else (),
        legend=(LegendItem(State.CHOSEN, "in use when this sheet was made"),),
        footer=(shell_command(["stylize", "pick", context.project.main.root.name, example, *layer]),),
        pixel_aspect=context.shot.pixel_aspect,
    )  # fmt: skip
    target = context.project.root / f"{NAME}{'' if number == 1 else f'.{number}'}.png"
    key = cache_key("candidate_sheet", sheet_inputs(sheet, context.project.digest))
    if not context.project.fresh(target, key):
        write_sheet(sheet, target, context.project.seal(key))
    return target


def _row(context: Context, key: KeyCandidates, *, caption: str) -> Row:
    """Return the row of a key. caption: below its plate."""
    cells = [Cell(context.plates.paths[key.frame], caption)]
    for place, file in enumerate(key.files, 1):
        state = State.CHOSEN if place == key.choice.candidate else State.NORMAL
        seed = candidate_seed(key.seed, key.frame, place)
        cells.append(Cell(file, f"{key.frame}={place}", state, f"seed {seed}"))
    return Row(cells, f"frame {key.frame}", key.prompt)

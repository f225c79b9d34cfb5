"""Choices for single keys from the page: a candidate, a lock, a seed or a prompt."""

from collections.abc import Mapping
from typing import Any, Literal

import stylize
from stylize.errors import ReviewError
from stylize.keys.key_choice import NO_CHOICE, KeyChoice
from stylize.planning.key_choices import table_of
from stylize.planning.keys_csv import read_choices
from stylize.review.key_change import KeyChange, check_frame
from stylize.review.shown_project import Part, ShownProject
from stylize.settings.references import shell_word
from stylize.stages import stable_hash
from stylize.visible_text import visible

_SEEDS = 2**31


def choose_key(project: ShownProject, frame: int, values: Mapping[str, Any], part: str = "") -> KeyChange:
    """Choose for one key. values: any of pick, a number or None; lock; seed, a number, "own" or "new"; and prompt.

    A new seed also clears the pick of a candidate, whose pictures belong to the former seed. Raises ReviewError for
    other values, PlanError for a choice that a run would refuse.
    """
    check_frame(project, frame)
    seed, prompt, lock = values.get("seed"), values.get("prompt"), values.get("lock")
    picks: dict[int, int | None] = {frame: values["pick"]} if "pick" in values else {}
    is_seed = seed is None or seed in ("own", "new") or isinstance(seed, int)
    if not (
        is_seed and isinstance(prompt, str | None) and isinstance(lock, bool | None)
        and isinstance(values.get("pick"), int | None) and values.keys() & {"seed", "prompt", "lock", "pick"}
    ):  # fmt: skip
        raise ReviewError("expected a candidate, a lock, a seed or a prompt; reload the page")
    chosen = project.part(part)
    if chosen.base != project.root and (picks or lock is not None):
        raise ReviewError("locks and candidates belong to the full size; choose it with Show at the top of the page")
    if seed == "new":
        seed = _next_seed(project, chosen, frame)
    if seed is not None:
        picks = {frame: None}
    return pick_key(project, chosen, picks or [frame], lock=lock, seed=seed, prompt=prompt)


def choices_of(project: ShownProject, part: Part) -> Mapping[int, KeyChoice]:
    """Return the choices for single keys, by frame. Raises PlanError for an invalid table."""
    table = table_of(part.look.settings, project.full_part(part).root)
    return read_choices(table, None) if table.is_file() else {}


def pick_key(
    project: ShownProject, part: Part, choices: Mapping[int, int | None] | list[int], *, lock: bool | None = None,
    seed: int | Literal["own"] | None = None, prompt: str | None = None,
) -> KeyChange:  # fmt: skip
    """Write choices for keys into the table of a look. Arguments as of ``stylize.pick``."""
    stylize.pick(project.root, choices, layer=part.look.name or None, lock=lock, seed=seed, prompt=prompt)
    places = choices.items() if isinstance(choices, Mapping) else ((frame, "") for frame in choices)
    words = [f"{frame}={'' if place is None else place}" if isinstance(choices, Mapping) else str(frame)
             for frame, place in places]  # fmt: skip
    words += ["--lock" if lock else "--unlock"] if lock is not None else []
    words += ["--seed", str(seed)] if seed is not None else []
    words += ["--prompt", shell_word(prompt)] if prompt is not None else []
    words += ["--layer", part.look.name] if part.look.name else []
    return KeyChange(visible(" ".join(["stylize pick", shell_word(str(project.root)), *words])))


def _next_seed(project: ShownProject, part: Part, frame: int) -> int:
    """Return another seed for a key; the sequence of seeds is the same in every project."""
    now = choices_of(project, part).get(frame, NO_CHOICE).seed
    return int(stable_hash("another seed", part.look.settings.seed if now is None else now, frame), 16) % _SEEDS

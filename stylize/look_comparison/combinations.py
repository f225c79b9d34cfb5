"""Combinations of a comparison of looks, and the command that paints each."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from stylize.errors import SettingsError
from stylize.settings import OPTIONS, LooksSettings
from stylize.settings.command_words import command_words, shell_command
from stylize.settings.option_types import MAX_LOOKS

# Folder of the projects of all looks, in the folder of a comparison.
LOOKS = "looks"
_PROGRAM = "stylize"
# Length of the parts of a look's folder name.
_MAX_WORD, _DIGEST_BYTES = 24, 6
# Options that do not change the picture, and must not give a look another folder.
_WITHOUT_EFFECT = ("threads", "offline", "trust", "allow")


@dataclass(frozen=True)
class Combination:
    """One look of a comparison.

    frame: number of the painted frame. style, preset, seed: None for those of the shared options. look: options of the
    look, by name. size: options of its size. project: folder of its project.
    """

    frame: int
    style: Path | None
    preset: Path | None
    seed: int | None
    look: Mapping[str, Any]
    size: Mapping[str, Any]
    project: Path

    @property
    def options(self) -> dict[str, Any]:
        """Options of the run that paints the look: of its frame alone, up to the keyframe."""
        frame = {"frames": str(self.frame), "keyframes": (self.frame,), **self.size}
        return {**self.look, **frame, "to_stage": "render", "project": self.project}

    def command(self, shot: Path) -> str:
        """Return the line for a POSIX shell that paints the look again."""
        return _command(shot, self.options)

    def shot_command(self, shot: Path) -> str:
        """Return the line for a POSIX shell that stylises the whole shot with the look."""
        return _command(shot, self.look)


def _command(shot: Path, options: Mapping[str, Any]) -> str:
    # The number of threads belongs to the machine, and does not change the picture.
    return shell_command([_PROGRAM, str(shot), *command_words(_without(options, ("threads",)))])


def _without(options: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


def check_number(settings: LooksSettings) -> None:
    """Raise SettingsError for too many combinations."""
    axes = {"style": settings.style, "preset": settings.preset, "seed": settings.seed, "frame": settings.frames}
    counts = {name: max(1, len(values)) for name, values in axes.items()}
    total = counts["style"] * counts["preset"] * counts["seed"] * counts["frame"]
    if total > MAX_LOOKS:
        listed = " x ".join(f"{count} {name}s" for name, count in counts.items() if count > 1)
        raise SettingsError(f"expected at most {MAX_LOOKS} looks to compare, found {listed} = {total}; leave some out")


def size_options(settings: LooksSettings) -> dict[str, Any]:
    """Return the options of a run at the size of the comparison."""
    if settings.scale is None:
        return {"draft": True}
    return {} if settings.scale == 1 else {"scale": settings.scale}


def combine(
    shot: Path, settings: LooksSettings, shared: Mapping[str, Any], frames: Sequence[int], folder: Path
) -> tuple[Combination, ...]:
    """Return all combinations, frame by frame. shared: options of a run that apply to all of them."""
    size, found = size_options(settings), []
    for frame, preset, style, seed in product(
        frames, settings.preset or (None,), settings.style or (None,), settings.seed or (None,)
    ):
        own = {"preset": preset, "style": style, "seed": seed}
        look = {**shared, **{name: value for name, value in own.items() if value is not None}}
        name = _name(shot, frame, look, size)
        found.append(Combination(frame, style, preset, seed, look, size, folder / LOOKS / name))
    return tuple(found)


def _name(shot: Path, frame: int, look: Mapping[str, Any], size: Mapping[str, Any]) -> str:
    """Return the name of a look's folder: readable, and different for different looks."""
    words = [str(shot), str(frame), *command_words({**_without(look, _WITHOUT_EFFECT), **size})]
    digest = hashlib.blake2b("\0".join(words).encode(), digest_size=_DIGEST_BYTES).hexdigest()
    parts = [_word(look[name]) for name in ("preset", "style") if name in look]
    seed = [f"seed{look['seed']}"] if "seed" in look else []
    return "-".join([*parts, *seed, f"frame{frame}", digest])


def _word(path: Any) -> str:
    value = OPTIONS["style"].read(path)
    first = value[0] if isinstance(value, tuple) else value
    return re.sub(r"[^A-Za-z0-9]+", "_", first.stem)[:_MAX_WORD].strip("_") or "look"

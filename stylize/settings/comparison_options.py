"""Options of ``stylize looks``: the values to compare, declared here, and the options of a run that all looks share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Unpack

from stylize.settings import option_types as types
from stylize.settings.option import DIFFUSION, LOOK, MAIN, MATTE, READING, RUN, Option, option_field, options_of
from stylize.settings.options import OPTIONS
from stylize.settings.read_options import read_options
from stylize.settings.signatures import LooksSettingsDict

_LOOKS = (types.LOOKS,)
# Options of these groups apply to all looks of a comparison, except those below.
_SHARED_GROUPS = (LOOK, DIFFUSION, MATTE, READING)
# Options that a single painted frame does not depend on: they compare it with other keys, or apply to other frames.
_OF_SEVERAL_FRAMES = ("retries", "share_attention", "fuse", "match_colours", "rate", "replace_shot", "like")
_SHARED_OF_A_RUN = ("offline", "trust", "allow", "threads")


@dataclass(frozen=True)
class ComparedSettings:
    """Options that only a comparison of looks has."""

    style: tuple[Path, ...] = option_field(
        types.PATHS,
        (),
        MAIN,
        "Reference picture to compare. May be repeated: each is a separate look.",
        stages=_LOOKS,
        essential=True,
    )
    seed: tuple[int, ...] = option_field(
        types.SEEDS,
        (),
        MAIN,
        "Seeds to compare, such as 1-3 or 1,5,9; the default is that of the preset, or 0.",
        stages=_LOOKS,
        essential=True,
    )
    preset: tuple[Path, ...] = option_field(
        types.PATHS,
        (),
        MAIN,
        "Preset to compare, a file written by stylize preset save. May be repeated.",
        stages=_LOOKS,
        essential=True,
    )
    frames: tuple[int, ...] = option_field(
        types.FEW_FRAMES,
        (),
        MAIN,
        "Frames to paint, such as 40 or 12,40; the default is the keyframe that would be picked if there were one.",
        stages=_LOOKS,
        essential=True,
    )
    scale: Fraction | None = option_field(
        types.LOOK_SCALE,
        None,
        MAIN,
        "Scale of the pictures, from 1 (full size) to 1/8; the default is 1/2, or less for a shot larger than "
        "1920x1080.",
        stages=_LOOKS,
        essential=True,
    )
    output: Path | None = option_field(
        types.FOLDER,
        None,
        MAIN,
        "Folder of the sheet and the pictures; the default is next to the shot, such as shot.looks.",
        stages=_LOOKS,
        flags=("-o", "--output"),
        essential=True,
    )
    overwrite: bool = option_field(
        types.FLAG, False, RUN, "Replace a sheet in the folder that was changed by hand.", stages=_LOOKS
    )


COMPARED_OPTIONS: Mapping[str, Option] = options_of(ComparedSettings)
# Options of a run that all looks of a comparison share.
SHARED_OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        name: option
        for name, option in OPTIONS.items()
        if (option.group in _SHARED_GROUPS or name in _SHARED_OF_A_RUN)
        and name not in COMPARED_OPTIONS
        and name not in _OF_SEVERAL_FRAMES
    }
)
LOOKS_OPTIONS: Mapping[str, Option] = MappingProxyType({**COMPARED_OPTIONS, **SHARED_OPTIONS})


@dataclass(frozen=True, init=False)
class LooksSettings(ComparedSettings):
    """Settings of ``stylize looks``. Texts are read as on the command line.

    shared: the given options of a run, by name, which apply to all looks. Raises SettingsError for a value that an
    option does not accept, TypeError for an unknown name.
    """

    shared: Mapping[str, Any] = field(default_factory=dict)

    def __init__(self, **options: Unpack[LooksSettingsDict]) -> None:
        given: dict[str, Any] = dict(options)
        shared = {name: given.pop(name) for name in SHARED_OPTIONS if name in given}
        for name, value in shared.items():
            SHARED_OPTIONS[name].read(value)
        read_options(self, COMPARED_OPTIONS, given)
        object.__setattr__(self, "shared", MappingProxyType(shared))

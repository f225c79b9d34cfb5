"""Options of ``stylize matte``, each declared once, as in ``options`` for a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from masks.prompts import Box, Point
from stylize.errors import SettingsError
from stylize.extensions.options import ExtensionOptions
from stylize.settings import option_types as types
from stylize.settings.compound import Levels, MatteKey
from stylize.settings.extension_options import EXTENSION_OPTIONS, build_tables
from stylize.settings.former_names import accept_former_names
from stylize.settings.network_matte import FINDS, NetworkMatte
from stylize.settings.option import MATTE, READING, RUN, Option, is_given, option_field, options_of
from stylize.settings.read_options import read_options
from stylize.settings.reading_options import ReadingSettings
from stylize.settings.signatures import MatteSettingsDict
from stylize.settings.validation import check_cuts, check_linear_light, check_matte_method

_MATTE = (types.MATTE,)


@accept_former_names
@dataclass(frozen=True, init=False)
class MatteSettings(ReadingSettings):
    """Settings of ``stylize matte``. Texts are read as on the command line. Raises SettingsError like ``Settings``."""

    key: tuple[MatteKey, ...] = option_field(
        types.MATTE_KEYS,
        (),
        MATTE,
        "Painted matte and its frame, such as 40:mask.png, to track through the shot. May be repeated.",
        stages=_MATTE,
        essential=True,
    )
    scribble: tuple[MatteKey, ...] = option_field(
        types.MATTE_KEYS,
        (),
        MATTE,
        "Strokes and their frame, such as 40:strokes.png, white inside and black outside, to complete and track. May "
        "be repeated.",
        stages=_MATTE,
    )
    chroma: str | None = option_field(
        types.SCREEN,
        None,
        MATTE,
        "Chroma-key against a screen: green, blue or the screen's colour, such as #14b43c.",
        stages=_MATTE,
        essential=True,
    )
    luma: Levels | None = option_field(
        types.LEVELS,
        None,
        MATTE,
        "Key by brightness, two levels from 0 to 1: fully outside at the first, fully inside at the second.",
        stages=_MATTE,
        essential=True,
    )
    clean: Path | None = option_field(
        types.PATH,
        None,
        MATTE,
        "Key against a clean plate, the same view without the subject: a sequence, movie or still.",
        stages=_MATTE,
        essential=True,
    )
    matte_model: str | None = option_field(
        types.MATTE_MODEL,
        None,
        MATTE,
        "Network that finds the subject: FILE.onnx, such as u2netp.onnx; or, for --click and --box, a SAM 2 folder "
        "or cached repo id.",
        stages=_MATTE,
        essential=True,
    )
    segmenter: str | None = option_field(
        types.SEGMENTER, None, MATTE, "Segmenter that finds the subject.", stages=_MATTE
    )
    segmenter_options: Mapping[str, object] | ExtensionOptions | None = option_field(
        EXTENSION_OPTIONS, None, MATTE, "Options of a segmenter from another distribution.", stages=_MATTE
    )
    find: str | None = option_field(
        types.choice(FINDS),
        None,
        MATTE,
        "Kind of subject to find; networks not known to find it are rejected. The default is any.",
        stages=_MATTE,
    )
    click: tuple[Point, ...] = option_field(
        types.CLICKS,
        (),
        MATTE,
        "Point inside the subject, in pixels from the top left, and its frame, for SAM 2. May be repeated.",
        stages=_MATTE,
        essential=True,
    )
    exclude: tuple[Point, ...] = option_field(
        types.EXCLUDED,
        (),
        MATTE,
        "Point outside the subject, and its frame, for SAM 2. May be repeated.",
        stages=_MATTE,
    )
    box: tuple[Box, ...] = option_field(
        types.BOXES, (), MATTE, "Box around the subject, and its frame, for SAM 2. May be repeated.", stages=_MATTE
    )
    difference: Levels = option_field(
        types.LEVELS,
        Levels(0.04, 0.12),
        MATTE,
        "Two thresholds on the difference from the clean plate, 0 to 1: fully outside below the first, fully "
        "inside above the second.",
        stages=_MATTE,
    )
    output: str | None = option_field(
        types.TARGET,
        None,
        MATTE,
        "Folder or pattern (out/name.####.png) to write the mattes to.",
        stages=_MATTE,
        flags=("-o", "--output"),
        essential=True,
    )
    refine: int = option_field(
        types.MATTE_PIXELS,
        0,
        MATTE,
        "Refine hair and soft edges in a band of this many pixels on each side of the border.",
        stages=_MATTE,
        essential=True,
    )
    foreground: str | None = option_field(
        types.TARGET,
        None,
        MATTE,
        "Folder or pattern to write the foreground to, with straight alpha and the background's colour removed.",
        stages=_MATTE,
        essential=True,
    )
    frames: str | None = option_field(
        types.RANGE,
        None,
        READING,
        "Part of the shot to process, such as 1001-1100, or 10-50x2 for every second frame.",
        stages=_MATTE,
        essential=True,
    )
    project: Path | None = option_field(
        types.FOLDER, None, RUN, "Project folder; the default is next to the shot.", stages=_MATTE
    )
    overwrite: bool = option_field(types.FLAG, False, RUN, "Replace existing files at the output path.", stages=_MATTE)
    threads: int | None = option_field(
        types.THREADS_COUNT, None, RUN, "Number of threads; the result does not depend on it.", stages=_MATTE
    )

    def __init__(self, **options: Unpack[MatteSettingsDict]) -> None:
        read_options(self, MATTE_OPTIONS, options)
        if self.output is None:
            raise SettingsError("no output is given for the mattes; give a folder or a pattern with -o PATH")
        build_tables(self)
        check_matte_method(self)
        check_linear_light(self)
        check_cuts(self)
        if self.clean is None and is_given(self, "difference"):
            raise SettingsError("--difference needs a clean plate; give one with --clean PATH")
        if self.chroma is not None and self.refine:
            raise SettingsError(
                "--refine is for mattes with hard edges, but those of --chroma are already soft; leave it out"
            )
        if self.difference.low > self.difference.high:
            raise SettingsError(f"--difference {self.difference} is descending; write the smaller level first")
        painted, scribbled = ([key.frame for key in keys] for keys in (self.key, self.scribble))
        for flag, frames in (("--key", painted), ("--scribble", scribbled)):
            duplicates = [frame for frame in frames if frames.count(frame) > 1]
            if duplicates:
                raise SettingsError(f"{flag} has two mattes for frame {duplicates[0]}; give one of them")
        both = set(painted) & set(scribbled)
        if both:
            raise SettingsError(
                f"frame {min(both)} has a painted matte, which strokes cannot change; give --key or --scribble for it"
            )

    def network_matte(self) -> NetworkMatte:
        """Return what the network of ``matte_model`` must find."""
        return NetworkMatte(self.find, (*self.click, *self.exclude, *self.box))


MATTE_OPTIONS: Mapping[str, Option] = options_of(MatteSettings)

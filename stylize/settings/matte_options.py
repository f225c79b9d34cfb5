"""Options of ``stylize matte``, each declared once, as ``options`` does for those of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from masks.prompts import Box, Point
from stylize.errors import SettingsError
from stylize.settings import option_types as types
from stylize.settings.compound import Levels, MatteKey
from stylize.settings.former_names import accept_former_names
from stylize.settings.network_matte import FINDS, NetworkMatte
from stylize.settings.option import MATTE, READING, RUN, Option, is_given, option_field, options_of
from stylize.settings.validation import check_matte_method


@accept_former_names
@dataclass(frozen=True)
class MatteSettings:
    """Settings of ``stylize matte``. Texts are read as on the command line. Raises SettingsError like ``Settings``."""

    key: tuple[MatteKey, ...] = option_field(
        types.MATTE_KEYS,
        (),
        MATTE,
        "A painted matte and its frame, to be carried through the shot. May be repeated.",
    )
    chroma: str | None = option_field(
        types.SCREEN, None, MATTE, "Key against a screen: green, blue, or the screen's colour, as #14b43c."
    )
    luma: Levels | None = option_field(
        types.LEVELS, None, MATTE, "Key by brightness, 0 to 1: outside at the first level, inside at the second."
    )
    clean: Path | None = option_field(
        types.PATH,
        None,
        MATTE,
        "Key against a clean plate, the same view without what is inside: sequence, movie or still.",
    )
    matte_model: str | None = option_field(
        types.MATTE_MODEL, None, MATTE,
        "Find the subject with a network: FILE.onnx, such as u2netp.onnx; or what SAM 2 is pointed at: a folder or a "
        "cached repo id.",
    )  # fmt: skip
    find: str | None = option_field(
        types.choice(FINDS),
        None,
        MATTE,
        "Refuse a network that is not known to find that; without it all will do.",
    )
    click: tuple[Point, ...] = option_field(
        types.CLICKS, (), MATTE, "A place that is inside, in pixels from the left and top, and its frame, for SAM 2. "
        "May be repeated.",
    )  # fmt: skip
    exclude: tuple[Point, ...] = option_field(types.EXCLUDED, (), MATTE, "A place that is not inside. May be repeated.")
    box: tuple[Box, ...] = option_field(
        types.BOXES, (), MATTE, "A box round what is inside, and its frame. May be repeated."
    )
    difference: Levels = option_field(
        types.LEVELS, Levels(0.04, 0.12), MATTE,
        "Difference from the clean plate, 0 to 1, that is outside, and that is inside.",
    )  # fmt: skip
    output: str | None = option_field(
        types.TARGET, None, MATTE, "Folder or pattern (out/name.####.png) to write the mattes to.",
        flags=("-o", "--output"),
    )  # fmt: skip
    refine: int = option_field(
        types.MATTE_PIXELS,
        0,
        MATTE,
        "Work out hair and soft edges in a band of so many pixels on both sides of the border.",
    )
    foreground: str | None = option_field(
        types.TARGET, None, MATTE,
        "Write what is inside too, straight with alpha, its colours freed of what is behind: folder or pattern.",
    )  # fmt: skip
    frames: str | None = option_field(
        types.RANGE, None, READING, "Part of the shot to work on, as 1001-1100 or 10-50x2."
    )
    start_number: int = option_field(types.NUMBER, 1, READING, "Number of a movie's first frame.")
    project: Path | None = option_field(types.FOLDER, None, RUN, "Project folder; the default is beside the shot.")
    overwrite: bool = option_field(types.FLAG, False, RUN, "Replace files that are in the way of the output.")
    threads: int | None = option_field(types.COUNT, None, RUN, "Threads to use; the result does not depend on it.")

    def __post_init__(self) -> None:
        for option in MATTE_OPTIONS.values():
            object.__setattr__(self, option.name, option.read(getattr(self, option.name)))
        if self.output is None:
            raise SettingsError("where are the mattes to go? Give a folder or a pattern with -o PATH")
        check_matte_method(self)
        if self.clean is None and is_given(self, "difference"):
            raise SettingsError("--difference needs a plate to differ from; give it with --clean PATH")
        if self.chroma is not None and self.refine:
            raise SettingsError("--refine is for mattes with hard edges, and a screen's are soft already; leave it out")
        if self.difference.low > self.difference.high:
            raise SettingsError(f"--difference {self.difference} falls; write the smaller level first")
        frames = [key.frame for key in self.key]
        duplicates = [frame for frame in frames if frames.count(frame) > 1]
        if duplicates:
            raise SettingsError(f"--key names frame {duplicates[0]} twice; give one matte for it")

    def network_matte(self) -> NetworkMatte:
        """Return the target of the network of ``matte_model``."""
        return NetworkMatte(self.find, (*self.click, *self.exclude, *self.box))


MATTE_OPTIONS: Mapping[str, Option] = options_of(MatteSettings)

"""Every option, once: its default, range and help. Flags, help texts and project files derive from here."""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stylize.conditions import ControlAsked, FileAsked, ModelAsked, read_control, read_file, read_model
from stylize.errors import SettingsError, StylizeError
from stylize.export.codecs import CODECS
from stylize.samplers import SAMPLERS, known_sampler
from stylize.schedules import Schedule, all_texts, constant, read_schedule
from stylize.sequences import parse_range
from stylize.spaces import WORKING_SPACES

STAGES = ("conform", "split", "pick", "render", "propagate", "export")
RENDERERS = ("example", "painted", "diffusion", "a1111", "auto")
# Those that a model paints for, here or elsewhere; and what the second of them makes use of.
MODEL_RENDERERS = ("diffusion", "a1111")
A1111 = (
    "url", "model", "prompt", "negative", "steps", "cfg", "denoise", "sampler", "clip_skip", "control", "control_model",
    "fuse", "retries",
)  # fmt: skip
FLOWS = ("dis", "raft")
DEVICES, PRECISIONS = ("auto", "cuda", "mps", "cpu"), ("auto", "float16", "bfloat16", "float32")
# What can go with the result.
EXPORTS = ("otio", "xml", "fcpxml", "edl", "aftereffects", "nuke", "ebsynth", "passes")
# For how many frames a drawing is held, in animators' words.
EVERY = MappingProxyType({"ones": 1, "twos": 2, "threes": 3})
MAIN, KEYFRAMES, LOOK, DIFFUSION, MATTE, PROPAGATION, MOTION, EXPORT, READING, RUN = GROUPS = (
    "The five that matter", "Keyframes", "Look", "Diffusion", "Matte", "Propagation", "Motion", "Export", "Reading",
    "Run",
)  # fmt: skip
# Weight of a guide that comes without one, that of the plate's colours; and the most, beside which nothing else counts.
GUIDE_WEIGHT, LARGEST_WEIGHT = 12.0, 1000.0
# What may stand for a path of mattes.
MATTE_WORDS = ("alpha", "auto")
# Screens whose colour is found, and the ways to a matte.
SCREENS = ("green", "blue")
MATTE_WAYS = ("key", "chroma", "luma", "clean", "matte_model")
# Pixels that a matte may be changed by.
MOST_REACH = 500
# How the table of a plan ends, where frames may be named as well.
TABLE_SUFFIX = ".csv"
# Longest time that a budget may be, in seconds: a year.
LONGEST = 366 * 24 * 3600.0
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
# Rates that people write short, over 1001.
SHORT_RATES = {"23.976": 24000, "23.98": 24000, "29.97": 30000, "47.952": 48000, "59.94": 60000, "119.88": 120000}


@dataclass(frozen=True)
class Kind:
    """A kind of value: what it is called in messages, how it is read, and how it is stored in a project file.

    read raises ValueError for what it does not take. whole: makes paths in what is stored whole, seen from a folder.
    many: the flag may be repeated, and the value is a tuple.
    """

    said: str
    read: Callable[[Any], Any]
    store: Callable[[Any], Any] = lambda value: value
    metavar: str = "TEXT"
    whole: Callable[[Any, Path], Any] = lambda stored, folder: stored
    many: bool = False

    def anchor(self, stored: Any, folder: Path = Path()) -> Any:
        """What is stored with its paths made whole; those that are not are seen from ``folder``."""
        return self.whole(stored, folder)


@dataclass(frozen=True)
class GuideAsked:
    """A guide that was asked for, and its weight; as text, and so in a project file, ``path:weight``."""

    path: Path
    weight: float

    def __str__(self) -> str:
        return f"{self.path}:{self.weight!r}"


@dataclass(frozen=True)
class MatteKey:
    """A painted matte and the frame that it belongs to; as text ``frame:path``."""

    frame: int
    path: Path

    def __str__(self) -> str:
        return f"{self.frame}:{self.path}"


@dataclass(frozen=True)
class Levels:
    """Two levels, 0..1; as text ``low:high``."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g}:{self.high:g}"


def _path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError
    return Path(value)


def _matte_source(value: Any) -> str:
    # A path given as such is no word, whatever its name.
    return f".{os.sep}{value}" if isinstance(value, Path) and str(value) in MATTE_WORDS else str(_path(value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _scheduled_words(value: Any) -> str:
    all_texts(_words(value))
    return str(value)


def _scheduled(low: float, high: float) -> Callable[[Any], Schedule]:
    return lambda value: read_schedule(value, low, high)


def _many(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads each of several values, or one alone."""
    return lambda value: tuple(map(read, value if isinstance(value, list | tuple) else [value]))


def _texts(values: Any) -> list[str]:
    return [str(value) for value in values]


def _whole_each(whole: Callable[[str, Path], str]) -> Callable[[Any, Path], Any]:
    return lambda stored, folder: [whole(one, folder) for one in stored]


def _whole_control(stored: str, folder: Path) -> str:
    asked = read_control(stored)
    return str(asked if asked.path is None else replace(asked, path=Path(_whole_path(str(asked.path), folder))))


def _whole_file(stored: str, folder: Path) -> str:
    asked = read_file(stored)
    return str(replace(asked, path=Path(_whole_path(str(asked.path), folder))))


def _whole_model(stored: str, folder: Path) -> str:
    """A folder or file that is there made whole; a repo id stays."""
    path = Path(stored).expanduser()
    return _whole_path(str(path), folder) if (folder / path).exists() else stored


def _whole_control_model(stored: str, folder: Path) -> str:
    asked = read_model(stored)
    return str(replace(asked, model=_whole_model(asked.model, folder)))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _range(value: Any) -> str:
    parse_range(_text(value))
    return str(value)


def _frames(value: Any) -> tuple[int, ...]:
    """Frames as one text, or texts and numbers one after the other: a flag may be repeated."""
    if isinstance(value, str):
        return tuple(sorted({n for part in parse_range(value).parts for n in part}))
    each = (_frames(one) if isinstance(one, str) else (_whole(0, math.inf)(one),) for one in value)
    return tuple(sorted({number for some in each for number in some}))


def _keyframes(value: Any) -> tuple[int, ...] | Path:
    """Frames, or the table of a plan that names them."""
    return Path(value) if _is_table(value) else _frames(value)


def _is_table(value: Any) -> bool:
    return isinstance(value, Path) or (isinstance(value, str) and value.lower().endswith(TABLE_SUFFIX))


def _spell_frames(value: tuple[int, ...] | Path) -> str:
    return str(value) if isinstance(value, Path) else ",".join(map(str, value))


def _duration(value: Any) -> float:
    """Seconds. Text has units, and numbers are seconds."""
    if isinstance(value, str):
        parts = _DURATION.fullmatch(value)
        if parts is None or not any(parts.groups()):
            raise ValueError
        return _duration(sum(float(part or 0) * unit for part, unit in zip(parts.groups(), (3600, 60, 1), strict=True)))
    return _number(1, LONGEST)(value)


def _rate(value: Any) -> Fraction:
    rate = Fraction(SHORT_RATES[value], 1001) if value in SHORT_RATES else Fraction(value)
    if rate <= 0 or isinstance(value, bool | float):
        raise ValueError
    return rate


def _whole(low: float, high: float) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool | float) or not low <= int(value) <= high:
            raise ValueError
        return int(value)

    return read


def _bits(value: Any) -> int:
    if isinstance(value, bool | float) or int(value) not in (8, 16):
        raise ValueError
    return int(value)


def _number(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not low <= float(value) <= high:
            raise ValueError
        return float(value)

    return read


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return read


def _whole_path(stored: str, folder: Path) -> str:
    """A path made whole; the slash that marks a folder to be made stays."""
    return f"{(folder / stored).resolve()}{'/' if stored.endswith(('/', os.sep)) else ''}"


def _exports(value: Any) -> tuple[str, ...]:
    words = [word.strip() for text in ([value] if isinstance(value, str) else value) for word in text.split(",")]
    if not set(words) <= set(EXPORTS):
        raise ValueError
    return tuple(kind for kind in EXPORTS if kind in words)


def _guides(value: Any) -> tuple[GuideAsked, ...]:
    return tuple(map(_guide, [value] if isinstance(value, str | Path | GuideAsked) else value))


def _guide(value: Any) -> GuideAsked:
    """What follows the last colon is the weight if it is a number: ``C:\\depth`` and ``10:20/depth`` have none."""
    if isinstance(value, GuideAsked):
        return value
    path, _, last = _text(str(value) if isinstance(value, Path) else value).rpartition(":")
    try:
        weight = float(last)
    except ValueError:
        path, weight = str(value), GUIDE_WEIGHT
    if not path or not 0 < weight <= LARGEST_WEIGHT or path.endswith(":"):
        raise SettingsError(
            f"expected PATH or PATH:WEIGHT, with a weight above 0 and up to {LARGEST_WEIGHT:g}, found {str(value)!r}; "
            f"leave the weight out for {GUIDE_WEIGHT:g}"
        )
    return GuideAsked(Path(path), weight)


def _whole_guide(stored: str, folder: Path) -> str:
    asked = _guide(stored)
    return str(GuideAsked(Path(_whole_path(str(asked.path), folder)), asked.weight))


def _screen(value: Any) -> str:
    text = _text(value).lower()
    if text not in SCREENS and not re.fullmatch("#[0-9a-f]{6}", text):
        raise ValueError
    return text


def _levels(value: Any) -> Levels:
    low, high = (value.low, value.high) if isinstance(value, Levels) else map(_number(0, 1), _text(value).split(":"))
    if low == high:
        raise ValueError
    return Levels(low, high)


def _matte_keys(value: Any) -> tuple[MatteKey, ...]:
    return tuple(map(_matte_key, [value] if isinstance(value, str | MatteKey) else value))


def _matte_key(value: Any) -> MatteKey:
    if isinstance(value, MatteKey):
        return value
    frame, _, path = _text(value).partition(":")
    if not frame.isascii() or not frame.isdigit() or not path:
        raise ValueError
    return MatteKey(int(frame), Path(path))


def _choice(choices: tuple[str, ...]) -> Kind:
    return Kind(f"one of {', '.join(choices)}", _one_of(choices), metavar="|".join(choices))


PATH = Kind("a path", _path, str, "PATH", _whole_path)
PICTURE = Kind("a path", _path, str, "PICTURE", _whole_path)
FOLDER = Kind("a path", _path, str, "FOLDER", _whole_path)
TARGET = Kind("a path", _text, metavar="PATH", whole=_whole_path)
GUIDES = Kind(
    "paths of guides, PATH or PATH:WEIGHT", _guides, lambda guides: [str(guide) for guide in guides], "PATH:WEIGHT",
    _whole_each(_whole_guide), many=True,
)  # fmt: skip
MATTE_SOURCE = Kind(
    "a path, or the word alpha or auto", _matte_source, metavar="PATH",
    whole=lambda stored, folder: stored if stored in MATTE_WORDS else _whole_path(stored, folder),
)  # fmt: skip
SCREEN = Kind("green, blue or a colour as #14b43c", _screen, metavar="COLOUR")
LEVELS = Kind("two levels from 0 to 1, as 0.1:0.3", _levels, str, "LOW:HIGH")
MATTE_KEYS = Kind(
    "a frame and a picture, as 40:mask.png", _matte_keys, lambda keys: [str(key) for key in keys], "FRAME:PICTURE",
    many=True,
)  # fmt: skip
MODEL = Kind("a folder, a file or a repo id", _text, metavar="MODEL", whole=_whole_model)
CONTROL = Kind(
    "controls as canny:0.8:0-0.6 or depth=PATH", _many(read_control), _texts, "KIND[=PATH][:W[:A-B]]",
    _whole_each(_whole_control), many=True,
)  # fmt: skip
CONTROL_MODEL = Kind(
    "KIND=MODEL", _many(read_model), _texts, "KIND=MODEL", _whole_each(_whole_control_model), many=True
)
LORAS = Kind(
    "files as style.safetensors:0.8", _many(read_file), _texts, "FILE[:W]",
    _whole_each(_whole_file), many=True,
)  # fmt: skip
ADAPTER = Kind("a file as adapter.safetensors:0.8:0-0.6", read_file, str, "FILE[:W[:A-B]]", _whole_file)
SAMPLER = Kind(f"one of {', '.join(SAMPLERS)}", known_sampler, metavar="NAME")
WORDS = Kind('a text, or a schedule as 0: "a village", 100: "a burning village"', _scheduled_words)
FLAG = Kind("true or false", _flag)
RANGE = Kind("frames as 1001-1100 or 10-50x2", _range, metavar="RANGE")
FRAMES = Kind("frames as 12,40,77 or 1001-1100", _frames, _spell_frames, "FRAMES", many=True)
KEYS = Kind(
    "frames as 12,40,77 or 1001-1100, or a table as keys.csv", _keyframes, _spell_frames, "FRAMES",
    lambda stored, folder: _whole_path(stored, folder) if _is_table(stored) else stored,
)  # fmt: skip
DURATION = Kind("a time as 90s, 10m or 1h30m", _duration, lambda seconds: f"{seconds:g}s", "TIME")
RATE = Kind("frames per second as 24, 23.976 or 24000/1001", _rate, str, "RATE")
SHARE = Kind("a number from 0 to 1", _number(0, 1), metavar="0..1")
COUNT = Kind("a whole number of 1 or more", _whole(1, math.inf), metavar="N")
REACH = Kind(f"a whole number of pixels from 0 to {MOST_REACH}", _whole(0, MOST_REACH), metavar="PIXELS")
NUMBER = Kind("a whole number of 0 or more", _whole(0, 2**31 - 1), metavar="N")
STEPS = Kind("a whole number from 1 to 1000", _whole(1, 1000), metavar="N")
EXPORT_KINDS = Kind(f"some of {', '.join(EXPORTS)}", _exports, list, "WHAT", many=True)
BITS = Kind("8 or 16", _bits, metavar="8|16")
GUIDANCE = Kind(
    'a number from 1 to 100, or a schedule as "0: 5, 40: 9"', _scheduled(1, 100), str, "1..100"
)  # fmt: skip
SCHEDULED_SHARE = Kind('a number from 0 to 1, or a schedule as "0: 0.4, 40: 0.7"', _scheduled(0, 1), str, "0..1")
TARGET_URL = Kind("an address as http://127.0.0.1:7860", _text, metavar="URL")
RETRIES = Kind("a whole number from 0 to 20", _whole(0, 20), metavar="N")
SKIP = Kind("a whole number from 1 to 12", _whole(1, 12), metavar="N")
SIDE = Kind("a whole number from 64 to 4096", _whole(64, 4096), metavar="PIXELS")
STAGE = _choice(STAGES)


@dataclass(frozen=True)
class Option:
    """One option. flags: on the command line. stored: kept in the project's file, not only for one run."""

    name: str
    kind: Kind
    default: Any
    help: str
    group: str
    flags: tuple[str, ...]
    stored: bool


def _option(
    kind: Kind, default: Any, group: str, help: str, *, flags: tuple[str, ...] | None = None, stored: bool = True
) -> Any:
    return field(default=default, metadata={"told": (kind, group, help, flags, stored)})


@dataclass(frozen=True)
class Settings:
    """What a user asks for. Texts are read as on the command line.

    Raises SettingsError for a value that an option does not take, and for a mix that would do nothing.
    """

    style: Path | None = _option(PICTURE, None, MAIN, "Reference picture whose manner the keyframes are painted in.")
    keys: Path | None = _option(FOLDER, None, MAIN, "Folder of painted keys, named by frame number.")
    output: str | None = _option(
        TARGET, None, MAIN, "Folder, pattern (out/name.####.exr) or movie (.mp4, .mov, .mkv) to write.",
        flags=("-o", "--output"),
    )  # fmt: skip
    frames: str | None = _option(RANGE, None, MAIN, "Part of the shot to work on, as 1001-1100 or 10-50x2.")
    keyframes: tuple[int, ...] | Path | None = _option(
        KEYS, None, MAIN, "Frames to take as keyframes, as 12,40,77, or the keys.csv of a plan."
    )

    add_key: tuple[int, ...] = _option(FRAMES, (), KEYFRAMES, "Frames that are keyframes whatever else is picked.")
    drop_key: tuple[int, ...] = _option(FRAMES, (), KEYFRAMES, "Frames that must not be keyframes.")
    min_gap: int = _option(COUNT, 1, KEYFRAMES, "Least frames from a keyframe that is picked to any other.")
    max_keyframes: int | None = _option(COUNT, None, KEYFRAMES, "Most keyframes to pick in each shot.")
    keys_budget: float | None = _option(
        DURATION, None, KEYFRAMES, "Time that rendering the keyframes may take, as 10m: decides how many there are."
    )
    coverage: float = _option(SHARE, 0.8, KEYFRAMES, "Share of every frame that the keyframes must explain.")
    refine: int | None = _option(
        COUNT, None, KEYFRAMES, "Look at the result, and render up to so many further keyframes where it is poor."
    )
    split: bool = _option(FLAG, True, KEYFRAMES, "Take the footage as one shot, even where it cuts.",
                          flags=("--no-split",))  # fmt: skip

    renderer: str = _option(_choice(RENDERERS), "example", LOOK, "What paints the keyframes.")
    structure: float = _option(SHARE, 0.5, LOOK, "How much the plate's edges rule over the reference's own.")
    keep_colours: bool = _option(FLAG, False, LOOK, "Keep the plate's hues instead of the reference's palette.")
    seed: int = _option(NUMBER, 0, LOOK, "Another number gives another painting.")

    model: str | None = _option(
        MODEL, None, DIFFUSION, "Stable Diffusion 1.5 or XL: a folder, a .safetensors file, or a cached repo id."
    )
    model_config: str | None = _option(
        MODEL, None, DIFFUSION, "Configuration of a model that is one file; the default is its family's cached repo."
    )
    vae: str | None = _option(MODEL, None, DIFFUSION, "Another autoencoder: a folder, or a cached repo id.")
    device: str = _option(_choice(DEVICES), "auto", DIFFUSION, "What computes; auto takes what is there.")
    dtype: str = _option(_choice(PRECISIONS), "auto", DIFFUSION, "Precision; auto is float16 on cuda, else float32.")
    prompt: str | None = _option(
        WORDS, None, DIFFUSION, "What to paint, in words, as for A1111; or a schedule by frame."
    )
    negative: str | None = _option(WORDS, None, DIFFUSION, "What not to paint, in words, likewise.")
    steps: int = _option(STEPS, 20, DIFFUSION, "Steps of the whole schedule; --denoise is the share that is done.")
    cfg: Schedule = _option(
        GUIDANCE, constant(7.0), DIFFUSION, "How strongly the prompt rules; at 1 nothing is added to it."
    )
    denoise: Schedule = _option(
        SCHEDULED_SHARE,
        constant(0.5),
        DIFFUSION,
        "How far the painting may leave the plate; at 1 it starts from noise.",
    )
    sampler: str | None = _option(
        SAMPLER, None, DIFFUSION, "Sampler by its name in A1111, as 'dpm++ 2m karras'; the default is the model's own."
    )
    clip_skip: int = _option(SKIP, 1, DIFFUSION, "Which of the text encoder's layers counts, from the last one.")
    render_size: int | None = _option(
        SIDE,
        None,
        DIFFUSION,
        "Work at so many pixels as a square of this side has; the default is the plate's own size.",
    )
    control: tuple[ControlAsked, ...] = _option(
        CONTROL, (), DIFFUSION,
        "ControlNet that leads, its weight and share of the steps, as canny:0.8:0-0.6; KIND=PATH takes pictures that "
        "are ready. May be repeated.",
    )  # fmt: skip
    control_model: tuple[ModelAsked, ...] = _option(
        CONTROL_MODEL, (), DIFFUSION, "Model for a kind of control, a folder or cached repo id. May be repeated."
    )
    annotators: str | None = _option(
        MODEL,
        None,
        DIFFUSION,
        "Folder of the networks that make controls from the plate; the default is the cached repo.",
    )
    lora: tuple[FileAsked, ...] = _option(LORAS, (), DIFFUSION, "LoRA and its weight. May be repeated.")
    lora_folder: Path | None = _option(FOLDER, None, DIFFUSION, "Where <lora:name:weight> in prompts is looked for.")
    ip_adapter: FileAsked | None = _option(
        ADAPTER, None, DIFFUSION, "IP-Adapter, through which --style counts, its weight and share of the steps."
    )
    image_encoder: str | None = _option(
        MODEL, None, DIFFUSION, "Model that sees --style for the adapter; the default is image_encoder/ beside it."
    )
    share_attention: float = _option(
        SHARE, 0.5, DIFFUSION, "Share of the steps in which a key also looks at the first and the previous one."
    )
    fuse: float = _option(
        SHARE, 0.8, DIFFUSION, "Share of the steps in which the previous key, carried by flow, is laid in."
    )
    match_colours: float = _option(
        SHARE, 1.0, DIFFUSION, "How much a key's colours are drawn to the previous one's, where both show the same."
    )

    url: str = _option(
        TARGET_URL, "http://127.0.0.1:7860", DIFFUSION, "Where the A1111 runs that --renderer a1111 asks to paint."
    )
    retries: int = _option(
        RETRIES, 0, DIFFUSION, "How often a key that disagrees with the one before is painted again, with other seeds."
    )

    matte: str | None = _option(
        MATTE_SOURCE, None, MATTE,
        "Where the style goes: sequence, movie or still, white is inside; alpha, for the shot's own; or auto.",
    )  # fmt: skip
    matte_model: Path | None = _option(
        PATH, None, MATTE, "Network that finds the subject for --matte auto: .onnx, such as u2netp.onnx."
    )
    matte_invert: bool = _option(FLAG, False, MATTE, "The style goes where the matte is black.")
    matte_grow: int = _option(REACH, 0, MATTE, "Make the inside of the matte larger by so many pixels.")
    matte_shrink: int = _option(REACH, 0, MATTE, "Make it smaller by so many pixels.")
    matte_feather: int = _option(REACH, 0, MATTE, "Soften its edge over so many pixels, half of them on either side.")

    guide: tuple[GuideAsked, ...] = _option(
        GUIDES, (), PROPAGATION,
        f"A guide for the paint, such as depth, normals or IDs: sequence, movie or still, and its weight "
        f"({GUIDE_WEIGHT:g}). May be repeated.",
    )  # fmt: skip
    on: str = _option(
        _choice(tuple(EVERY)), "ones", PROPAGATION, "Draw every frame, or hold drawings for 2 or 3 frames."
    )
    boil: float = _option(SHARE, 0.0, PROPAGATION, "How much drawings waver from one to the next, as if made by hand.")

    flow: str = _option(_choice(FLOWS), "dis", MOTION, "How motion between frames is estimated; raft needs weights.")
    flow_weights: Path | None = _option(PATH, None, MOTION, "Weights of RAFT, large or small: .pth or .safetensors.")
    vectors: Path | None = _option(
        PATH, None, MOTION, "Motion vectors of a rendered shot, both ways, as EXR of Blender or Nuke: name.####.exr.",
    )  # fmt: skip
    vectors_back: Path | None = _option(
        PATH, None, MOTION, "Motion from each frame to the one before: name.####.flo, or .exr with two channels.",
    )  # fmt: skip
    vectors_forward: Path | None = _option(PATH, None, MOTION, "Motion from each frame to the next, likewise.")

    export: tuple[str, ...] = _option(
        EXPORT_KINDS, (), EXPORT,
        "What else to hand over, beside the result: timelines (otio, xml for Premiere, fcpxml, edl), scripts "
        "(aftereffects, nuke), a folder for ebsynth, passes. May be repeated.",
    )  # fmt: skip
    handles: int = _option(NUMBER, 0, EXPORT, "Frames at both ends that timelines and scripts do not show.")
    codec: str | None = _option(
        _choice(tuple(CODECS)), None, EXPORT, "Codec of a movie; without it h264 for .mp4 and .mov, ffv1 for .mkv."
    )
    fps: Fraction | None = _option(RATE, None, EXPORT, "Even rate to conform the result to, whatever the source's is.")
    bits: int | None = _option(BITS, None, EXPORT, "Bits a channel of PNG and TIFF; without it those of the plate.")
    working_space: str | None = _option(
        _choice(WORKING_SPACES), None, EXPORT, "Linear space of EXR, through OpenColorIO; without it rec709."
    )

    rate: Fraction | None = _option(RATE, None, READING, "Frames per second of a sequence, as 24, 23.976, 24000/1001.")
    start_number: int = _option(NUMBER, 1, READING, "Number of a movie's first frame.")
    strict: bool = _option(FLAG, False, READING, "Refuse footage that cannot be read whole.")

    project: Path | None = _option(FOLDER, None, RUN, "Project folder; the default is beside the shot.", stored=False)
    overwrite: bool = _option(FLAG, False, RUN, "Replace files that are in the way of the output.", stored=False)
    threads: int | None = _option(COUNT, None, RUN, "Threads to use; the result does not depend on it.", stored=False)
    jobs: int = _option(COUNT, 1, RUN, "Processes that share the spans between keys, and the threads.", stored=False)
    from_stage: str | None = _option(STAGE, None, RUN, "First stage to run; those before must be done.",
                                     flags=("--from",), stored=False)  # fmt: skip
    to_stage: str | None = _option(STAGE, None, RUN, "Last stage to run.", flags=("--to",), stored=False)

    def __post_init__(self) -> None:
        for option in OPTIONS.values():
            object.__setattr__(self, option.name, _read(option, getattr(self, option.name)))
        _refuse_idle(self)

    def stored(self) -> dict[str, Any]:
        """What a project file keeps: the options that are not at their default, as TOML can write them."""
        return {
            option.name: option.kind.store(getattr(self, option.name))
            for option in OPTIONS.values()
            if option.stored and getattr(self, option.name) != option.default
        }

    def runs(self, stage: str) -> bool:
        """Whether a stage is among those from ``from_stage`` to ``to_stage``."""
        first = STAGES.index(self.from_stage) if self.from_stage else 0
        last = STAGES.index(self.to_stage) if self.to_stage else len(STAGES)
        return first <= STAGES.index(stage) <= last


@dataclass(frozen=True)
class MatteSettings:
    """What a user asks of ``stylize matte``. Texts are read as on the command line. Raises SettingsError likewise."""

    key: tuple[MatteKey, ...] = _option(
        MATTE_KEYS, (), MATTE, "A painted matte and its frame, to be carried through the shot. May be repeated."
    )
    chroma: str | None = _option(
        SCREEN, None, MATTE, "Key against a screen: green, blue, or the screen's colour, as #14b43c."
    )
    luma: Levels | None = _option(
        LEVELS, None, MATTE, "Key by brightness, 0 to 1: outside at the first level, inside at the second."
    )
    clean: Path | None = _option(
        PATH, None, MATTE, "Key against a clean plate, the same view without what is inside: sequence, movie or still."
    )
    matte_model: Path | None = _option(
        PATH, None, MATTE, "Find the subject with a network: .onnx, such as u2netp.onnx."
    )
    difference: Levels = _option(
        LEVELS, Levels(0.04, 0.12), MATTE,
        "Difference from the clean plate, 0 to 1, that is outside, and that is inside.",
    )  # fmt: skip
    output: str | None = _option(
        TARGET, None, MATTE, "Folder or pattern (out/name.####.png) to write the mattes to.", flags=("-o", "--output"),
    )  # fmt: skip
    refine: int = _option(
        REACH, 0, MATTE, "Work out hair and soft edges in a band of so many pixels on both sides of the border."
    )
    foreground: str | None = _option(
        TARGET, None, MATTE,
        "Write what is inside too, straight with alpha, its colours freed of what is behind: folder or pattern.",
    )  # fmt: skip
    frames: str | None = _option(RANGE, None, READING, "Part of the shot to work on, as 1001-1100 or 10-50x2.")
    start_number: int = _option(NUMBER, 1, READING, "Number of a movie's first frame.")
    project: Path | None = _option(FOLDER, None, RUN, "Project folder; the default is beside the shot.")
    overwrite: bool = _option(FLAG, False, RUN, "Replace files that are in the way of the output.")
    threads: int | None = _option(COUNT, None, RUN, "Threads to use; the result does not depend on it.")

    def __post_init__(self) -> None:
        for option in MATTE_OPTIONS.values():
            object.__setattr__(self, option.name, _read(option, getattr(self, option.name)))
        if self.output is None:
            raise SettingsError("where are the mattes to go? Give a folder or a pattern with -o PATH")
        ways = [name for name in MATTE_WAYS if getattr(self, name) not in (None, ())]
        if not ways:
            raise SettingsError(
                "what is inside? Give a painted matte and its frame with --key 40:mask.png, or a colour key: "
                "--chroma green, --luma 0.1:0.3 or --clean PATH, or a network: --matte-model FILE.onnx"
            )
        if len(ways) > 1:
            one, other = (MATTE_OPTIONS[name].flags[-1] for name in ways[:2])
            raise SettingsError(f"{one} and {other} are two ways to a matte; give one of them")
        if self.clean is None and _given(self, MATTE_OPTIONS["difference"]):
            raise SettingsError("--difference needs a plate to differ from; give it with --clean PATH")
        if self.chroma is not None and self.refine:
            raise SettingsError("--refine is for mattes with hard edges, and a screen's are soft already; leave it out")
        if self.difference.low > self.difference.high:
            raise SettingsError(f"--difference {self.difference} falls; write the smaller level first")
        frames = [key.frame for key in self.key]
        twice = [frame for frame in frames if frames.count(frame) > 1]
        if twice:
            raise SettingsError(f"--key names frame {twice[0]} twice; give one matte for it")


def _options(owner: type) -> Mapping[str, Option]:
    found = {}
    for known in fields(owner):
        kind, group, help_text, flags, stored = known.metadata["told"]
        flags = flags or ("--" + known.name.replace("_", "-"),)
        found[known.name] = Option(known.name, kind, known.default, help_text, group, flags, stored)
    return MappingProxyType(found)


OPTIONS: Mapping[str, Option] = _options(Settings)
MATTE_OPTIONS: Mapping[str, Option] = _options(MatteSettings)


def _read(option: Option, value: Any) -> Any:
    if value is None and option.default is None:
        return None
    try:
        return option.kind.read(value)
    except StylizeError as error:
        raise SettingsError(f"{option.flags[-1]}: {error}") from error
    except (ValueError, TypeError, ArithmeticError):
        raise SettingsError(f"{option.flags[-1]} must be {option.kind.said}, not {_said(value)!r}") from None


def _said(value: Any) -> str:
    """What was given, as it was written: a flag that is repeated gives a tuple."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _refuse_idle(settings: Settings) -> None:
    """An option that would be accepted and do nothing is an error."""
    if settings.renderer == "diffusion":
        _check_diffusion(settings)
    elif settings.renderer == "a1111":
        _check_a1111(settings)
    elif settings.renderer != "auto":  # looked at again when it is known what that is
        idle = [option for option in OPTIONS.values() if option.group == DIFFUSION and _given(settings, option)]
        if idle:
            raise SettingsError(f"{idle[0].flags[-1]} is for --renderer diffusion, not {settings.renderer}")
    if settings.style is None and (settings.structure != OPTIONS["structure"].default or settings.keep_colours):
        raise SettingsError("--structure and --keep-colours are about painting keys; give a reference, --style PICTURE")
    if settings.keys is not None and settings.style is None and settings.renderer not in (*MODEL_RENDERERS, "auto"):
        _check_painted(settings)
    _check_keyframes(settings)
    _check_matte(settings)
    _check_motion(settings)
    first, last = settings.from_stage, settings.to_stage
    if first and last and STAGES.index(first) > STAGES.index(last):
        raise SettingsError(f"--from {first} comes after --to {last}; the stages are {', '.join(STAGES)}")


def _check_keyframes(settings: Settings) -> None:
    both = sorted(set(settings.add_key) & set(settings.drop_key))
    if both:
        raise SettingsError(f"frame {both[0]} is in --add-key and in --drop-key; leave it out of one of them")
    about = ("max_keyframes", "keys_budget", *(("min_gap",) if settings.refine is None else ()))
    idle = [name for name in about if _given(settings, OPTIONS[name])]
    if settings.keyframes is not None and idle:
        raise SettingsError(
            f"{OPTIONS[idle[0]].flags[-1]} is about picking, and --keyframes names the keyframes; leave one of them out"
        )
    if settings.refine is not None and (settings.renderer == "painted" or not _paints(settings)):
        raise SettingsError("--refine renders further keyframes; say what they are painted after, with --style PICTURE")
    if settings.keys_budget is not None and not _paints(settings):
        raise SettingsError(
            "--keys-budget measures what a key costs; say what keys are painted after, with --style PICTURE"
        )


def _paints(settings: Settings) -> bool:
    return settings.style is not None or settings.renderer in (*MODEL_RENDERERS, "auto")


def _check_matte(settings: Settings) -> None:
    others = [option for option in OPTIONS.values() if option.group == MATTE and option.name != "matte"]
    idle = [option for option in others if _given(settings, option)]
    if settings.matte is None and idle:
        raise SettingsError(f"{idle[0].flags[-1]} needs a matte to work on; give one with --matte PATH")
    if settings.matte == "auto" and settings.matte_model is None:
        raise SettingsError(
            "--matte auto needs a network that finds the subject; give one with --matte-model FILE.onnx"
        )
    if settings.matte != "auto" and settings.matte_model is not None:
        raise SettingsError("--matte-model is for --matte auto; give that too, or leave the model out")
    if settings.matte_grow and settings.matte_shrink:
        raise SettingsError("--matte-grow and --matte-shrink undo each other; give one of them, the difference")


def _check_painted(settings: Settings) -> None:
    """With nothing but painted keys, nothing is picked and nothing rendered."""
    about = ("coverage", "max_keyframes", "min_gap", "keys_budget", "drop_key", "refine")
    idle = [name for name in about if _given(settings, OPTIONS[name])]
    if settings.seed != OPTIONS["seed"].default and settings.boil == 0:
        idle.append("seed")
    if idle:
        raise SettingsError(
            f"{OPTIONS[idle[0]].flags[-1]} does nothing with painted keys alone; leave it out, or give --style PICTURE "
            "to have more keys rendered"
        )


def _given(settings: object, option: Option) -> bool:
    return bool(getattr(settings, option.name) != option.default)


def _check_motion(settings: Settings) -> None:
    ways = [name for name in ("vectors", "vectors_back", "vectors_forward") if getattr(settings, name) is not None]
    if ways and settings.flow != OPTIONS["flow"].default:
        raise SettingsError(f"--flow is for motion that is estimated; leave it or {OPTIONS[ways[0]].flags[-1]} out")
    if len(ways) > 1 and "vectors" in ways:
        raise SettingsError(f"--vectors holds both ways; leave it or {OPTIONS[ways[-1]].flags[-1]} out")
    if len(ways) == 1 and "vectors" not in ways:
        other = "vectors_forward" if ways == ["vectors_back"] else "vectors_back"
        raise SettingsError(
            f"{OPTIONS[ways[0]].flags[-1]} is one way only; give the other with {OPTIONS[other].flags[-1]} PATH"
        )
    if settings.flow_weights is not None and settings.flow != "raft":
        raise SettingsError("--flow-weights is for --flow raft; give that too, or leave the weights out")


def _check_diffusion(settings: Settings) -> None:
    for name in ("structure", "keep_colours"):
        if _given(settings, OPTIONS[name]):
            raise SettingsError(
                f"{OPTIONS[name].flags[-1]} is not used by --renderer diffusion; leave it out, and say with "
                "--prompt what to paint"
            )
    if _given(settings, OPTIONS["url"]):
        raise SettingsError("--url is for --renderer a1111; give that too, or leave the address out")
    if settings.model is None:
        raise SettingsError("--renderer diffusion needs a model; give a folder or a cached repo id with --model MODEL")
    _check_numbers(settings)
    _check_controls(settings)
    _check_led(settings)


def _check_numbers(settings: Settings) -> None:
    least = min(settings.denoise.values())
    if int(settings.steps * least) < 1:
        raise SettingsError(f"--denoise {least:g} of --steps {settings.steps} leaves no step to do; raise one of them")
    if settings.negative and max(settings.cfg.values()) == 1:
        raise SettingsError("--negative does nothing at --cfg 1; raise --cfg, or leave --negative out")


def _check_controls(settings: Settings) -> None:
    idle = [model for model in settings.control_model if model.kind not in {one.kind for one in settings.control}]
    if idle:
        raise SettingsError(
            f"--control-model {idle[0]} is for a control that is not asked for; add --control {idle[0].kind}"
        )


def _check_a1111(settings: Settings) -> None:
    for option in OPTIONS.values():
        led = option.group == DIFFUSION and option.name not in A1111
        if (led or option.name in ("style", "structure", "keep_colours")) and _given(settings, option):
            raise SettingsError(
                f"{option.flags[-1]} is not used by --renderer a1111, whose server has models and weights of its own; "
                "leave it out"
            )
    _check_numbers(settings)
    _check_controls(settings)


def _check_led(settings: Settings) -> None:
    """What leads a diffusion model beside words has all that it needs, and nothing that it does not use."""
    if settings.annotators is not None and all(one.path for one in settings.control):
        raise SettingsError(
            "--annotators is for controls that are made from the plate; leave it out, or add --control KIND"
        )
    if settings.style is not None and settings.ip_adapter is None:
        raise SettingsError(
            "--style counts with --renderer diffusion through an IP-Adapter; give one with --ip-adapter FILE, or leave "
            "--style out, and say with --prompt what to paint"
        )
    if settings.ip_adapter is not None and settings.style is None:
        raise SettingsError("--ip-adapter is what --style counts through; give a picture with --style PICTURE")
    if settings.image_encoder is not None and settings.ip_adapter is None:
        raise SettingsError("--image-encoder is for an IP-Adapter; give one with --ip-adapter FILE")
    words = f"{settings.prompt or ''}{settings.negative or ''}"
    if settings.lora_folder is not None and "<lora:" not in words:
        raise SettingsError("--lora-folder is where <lora:name> is looked for, and no prompt names one; leave it out")
    if "<lora:" in (settings.negative or ""):
        raise SettingsError("<lora:name> counts for the whole picture; write it in --prompt, not in --negative")


def read_settings(stored: Mapping[str, Any], where: str) -> Settings:
    """Settings from a project file named ``where``. Raises SettingsError naming the file and what is wrong in it."""
    known = [option.name for option in OPTIONS.values() if option.stored]
    for name in stored:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise SettingsError(f"{where}: there is no setting {name!r}, {hint}there are {', '.join(known)}")
    try:
        return Settings(**stored)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error

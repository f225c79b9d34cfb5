"""The stylised foreground: what lies over the plate, cut out by its matte, as a sequence of its own for the compositor.

Alpha is straight in PNG and TIFF, and premultiplied in linear light in EXR, as those formats have it; a TIFF says so
itself. Colour under an alpha of 0 is black.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels
from stylize.errors import OutputError
from stylize.export import Form, Target
from stylize.export.placing import make_folder
from stylize.footage.images import Stamp, quantise, read_image, to_float, widen, write_image
from stylize.footage.sequences import Pattern
from stylize.footage.spaces import REC709
from stylize.opening import Work
from stylize.project import fingerprint
from stylize.propagation.layering import look_file

# Raise it whenever the same look and matte give other pictures.
VERSION = 1
# Kinds of picture that keep alpha, and how they have it.
KEEPS_ALPHA = {".png": "straight", ".tif": "straight", ".tiff": "straight", ".exr": "premultiplied"}
_PADDING = 4


def foreground_pattern(folder: Path, name: str, target: Target) -> Pattern:
    """Where the foreground goes: pictures of the result's kind, or PNG where that keeps no alpha."""
    suffix = ".png" if target.pattern is None else target.pattern.path(0).suffix.lower()
    kind = f"{name}_foreground"
    return Pattern(folder / kind, f"{kind}.", _PADDING, suffix if suffix in KEEPS_ALPHA else ".png")


def alpha_of(pattern: Pattern) -> str:
    """How pictures of a pattern have their alpha: straight or premultiplied."""
    return KEEPS_ALPHA[pattern.suffix.lower()]


def write_foreground(work: Work, pattern: Pattern, form: Form, stamps: Mapping[int, Stamp]) -> None:
    """Writes the foreground of every frame that is not there or is made from something else.

    Raises OutputError: a frame that is not made, files that cannot be written.
    """
    make_folder(pattern.folder)
    for frame in work.shot.frames:
        path, look = pattern.path(frame), look_file(work, frame)
        seen = _seen(work, frame)
        if seen and not look.is_file():
            raise OutputError(f"{look} is missing, expected what the stage propagate leaves; run all stages")
        stamp = stamps[frame]
        cut = work.mattes.facts([frame], work.project.digest) if work.mattes else []
        mark = fingerprint(
            VERSION, work.marks([frame]), work.project.digest(look) if seen else "", cut, form.bits, form.space,
            repr(stamp), repr(work.shot.colour),
        )  # fmt: skip
        if not work.home.fresh(path, mark):
            picture = read_image(look)[..., :3] if seen else np.zeros((*work.shot.size[::-1], 3), np.uint8)
            linear = pattern.suffix.lower() == ".exr"
            deep = linear or form.bits == 16 or picture.dtype == np.uint16
            pixels = cut_out(work, frame, widen(np.ascontiguousarray(picture), 16 if deep else 8, False))
            bits, colour = None if linear else form.bits, work.shot.colour
            write_image(path, pixels, bits=bits, space=form.space or REC709, stamp=stamp, colour=colour)
            work.home.record(path, mark)


def cut_out(work: Work, frame: int, look: Pixels) -> Pixels:
    """A look with its alpha, straight: uint8 or uint16 (H, W, 4). look: (H, W, 3), likewise.

    A shot that has an alpha itself bounds what the matte says.
    """
    alpha = work.mattes.read(frame) if work.mattes else np.ones(look.shape[:2], np.float32)
    own = work.plates.alpha(frame)
    if own is not None:
        alpha = np.minimum(alpha, to_float(own))
    shown = np.where(alpha[..., None] > 0, look, np.zeros_like(look))
    return np.dstack([shown, quantise(alpha, look.dtype)])


def _seen(work: Work, frame: int) -> bool:
    return work.mattes is None or work.extents[frame].box is not None

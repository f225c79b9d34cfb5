"""Frames in linear light as a file stores them, with values beyond 0 and 1, overscan, and colour where alpha is 0."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.errors import InputError
from stylize.media.images.reading import first_line, read_stored_window
from stylize.media.images.writing import Stamp, check_written, need_space, put_stamp
from stylize.media.safe_write import Seal, atomic_write, no_seal
from stylize.media.working_spaces import CHROMATICITIES, REC709

_LARGEST_HALF = 65504


@dataclass(frozen=True)
class Window:
    """Rectangle of pixels; x and y may be negative."""

    x: int
    y: int
    width: int
    height: int

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom; the latter two are exclusive."""
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True)
class SceneFrame:
    """A frame in linear light.

    pixels: float32 RGB (H, W, 3) or premultiplied RGBA (H, W, 4) of the data window. space: declared working space, one
    of `working_spaces.WORKING_SPACES`. chromaticities: as declared, x and y of red, green, blue and white; None if the
    file declares none.
    """

    pixels: Floats
    data: Window
    display: Window
    space: str = REC709
    chromaticities: tuple[float, ...] | None = None

    def displayed(self) -> Floats:
        """Return the pixels of the display window, 0 where there are none: float32 (H, W, C)."""
        return moved(self.pixels, self.data, self.display)


def moved(pixels: Floats, source: Window, target: Window) -> Floats:
    """Return the pixels of a window (H, W, C) in another window, 0 where there are none."""
    found = np.zeros((target.height, target.width, pixels.shape[2]), pixels.dtype)
    left, top = max(source.x, target.x), max(source.y, target.y)
    right, bottom = min(source.corners[2], target.corners[2]), min(source.corners[3], target.corners[3])
    if left < right and top < bottom:
        found[top - target.y : bottom - target.y, left - target.x : right - target.x] = pixels[
            top - source.y : bottom - source.y, left - source.x : right - source.x
        ]
    return found


def read_scene_frame(path: str | Path, layer: str | None = None) -> SceneFrame:
    """Read a picture that stores linear light. layer: as in `read_image`, which also names the errors raised.

    Straight alpha of a TIFF is multiplied in. Orientation tags are applied. Raises InputError for integer files.
    """
    stored = read_stored_window(Path(path), layer)
    if not stored.linear:
        raise InputError(f"{path}: expected linear light, found integers; use one format for all frames")
    pixels = stored.pixels
    if stored.straight and pixels.shape[2] == 4:
        pixels = np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=2)
    return SceneFrame(pixels, Window(*stored.data), Window(*stored.display), stored.space, stored.chromaticities)


def write_scene_frame(path: Path, frame: SceneFrame, *, stamp: Stamp | None = None, seal: Seal = no_seal) -> None:
    """Write an EXR atomically: half float, ZIP, with the frame's windows. The same pixels give the same bytes.

    Finite values beyond the range of half float are clipped to it. Raises OutputError if the file cannot be written.
    """
    need_space(path, frame.pixels.nbytes // 2)
    with atomic_write(path, "folder", seal=seal) as partial:
        _write(partial, frame, stamp)


def _to_half(pixels: Floats) -> Floats:
    """Round to half float, of the same shape. Finite values beyond its range are clipped; infinity is kept."""
    clipped = np.where(np.isfinite(pixels), np.clip(pixels, -_LARGEST_HALF, _LARGEST_HALF), pixels)
    return clipped.astype(np.float16)


def _write(path: Path, frame: SceneFrame, stamp: Stamp | None) -> None:
    import OpenImageIO
    from OpenImageIO import ImageOutput, ImageSpec, TypeDesc

    half = _to_half(frame.pixels)
    spec = ImageSpec(frame.data.width, frame.data.height, half.shape[2], "half")
    spec.x, spec.y = frame.data.x, frame.data.y
    spec.full_x, spec.full_y = frame.display.x, frame.display.y
    spec.full_width, spec.full_height = frame.display.width, frame.display.height
    # Without an explicit date the current time would be stored, so that outputs would not be reproducible.
    spec.attribute("DateTime", "")
    spec.attribute("compression", "zip")
    spec.attribute("chromaticities", TypeDesc("float[8]"), frame.chromaticities or CHROMATICITIES[frame.space])
    if stamp is not None:
        put_stamp(spec, ".exr", stamp)
    target = ImageOutput.create("exr")
    if target is None:
        raise OSError(first_line(OpenImageIO.geterror()))
    written = target.open(str(path), spec) and target.write_image(np.ascontiguousarray(half))
    if not (target.close() and written):
        raise OSError(first_line(target.geterror()))
    check_written(path)

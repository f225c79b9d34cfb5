"""Clips with true masks: footage with masks painted by people, and composites with exact alpha.

Real footage, in the standard layout of DAVIS 2016 (``JPEGImages/480p`` and ``Annotations/480p``, with masks painted by
its authors in every frame), and clips from Debian's package ``opencv-doc``, which ``fetch`` brings. The masks of the
latter are in ``truth``: painted by hand in every fifth frame, each looked at and corrected at three times its size.
The composites have exact masks. They show what the footage lacks: a thin object, a subject that leaves and returns, and
two subjects that cross.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from propagate.arrays import Bytes, Floats
from tests.benchmarks.propagation.clips import fitted
from tests.composites import CARD, Composite, Motion, body, compose

COUNT = 41
WIDTH = 427
TRUTH = Path(__file__).with_name("truth")


@dataclass(frozen=True)
class MatteClip:
    """A clip. kind: its subject. plates: uint8 (H, W, 3). truth: float32 (H, W) in [0, 1], by frame from 0, which is
    painted."""

    name: str
    kind: str
    plates: list[Bytes]
    truth: Mapping[int, Floats]


@dataclass(frozen=True)
class Painted:
    """A clip with painted masks. file: of the movie. first, step: its frames. crop: x, y, width and height, None for
    all. width: to which the frames are reduced."""

    kind: str
    file: str
    first: int
    step: int
    crop: tuple[int, int, int, int] | None = None
    width: int = 480


PAINTED = {
    "cup": Painted("arm and cup, plain wall", "cup.mp4", 36, 2),
    "lawn": Painted("walking person", "vtest.avi", 600, 1, (268, 376, 240, 200)),
    "passing": Painted("passes two others", "vtest.avi", 473, 1, (480, 200, 260, 220)),
}

# Sequences of the validation set of DAVIS 2016. The tracker was developed with a look at one of them, `dog`.
DAVIS = {
    "blackswan": "animal",
    "bmx-trees": "passes behind trees",
    "breakdance": "person",
    "camel": "animal",
    "car-roundabout": "car",
    "car-shadow": "car",
    "cows": "animal",
    "dance-twirl": "person",
    "dog": "animal, fur",
    "drift-chicane": "car",
    "drift-straight": "car",
    "goat": "long hair",
    "horsejump-high": "animal with rider",
    "kite-surf": "thin cords",
    "libby": "passes behind posts",
    "motocross-jump": "rider",
    "paragliding-launch": "thin cords",
    "parkour": "person",
    "scooter-black": "rider",
    "soapbox": "car",
}


def clips(footage: Path | None, davis: Path | None, only: str, width: int = WIDTH) -> Iterator[MatteClip]:
    """Yield the clips whose footage is there. only: part of the name. width: of the sequences of DAVIS, in pixels."""
    for name, painted in PAINTED.items():
        if only in name and footage is not None and (footage / painted.file).exists():
            yield painted_clip(name, painted, footage / painted.file)
    for name, kind in DAVIS.items():
        if only in name and davis is not None and (davis / "JPEGImages" / "480p" / name).is_dir():
            yield davis_clip(name, kind, davis, width)
    for name, (kind, make) in COMPOSITES.items():
        if only in name:
            made = make(COUNT)
            yield MatteClip(name, kind, made.frames, dict(enumerate(made.alphas)))


def painted_clip(name: str, painted: Painted, movie: Path) -> MatteClip:
    """Read a movie, and its masks from ``truth``. Raises ValueError if they differ in size."""
    wanted = range(painted.first, painted.first + painted.step * COUNT, painted.step)
    with av.open(str(movie)) as source:
        decoded = (f.to_ndarray(format="rgb24") for n, f in enumerate(source.decode(video=0)) if n in wanted)
        plates = [_framed(picture, painted) for picture, _ in zip(decoded, wanted, strict=False)]
    truth = {int(path.stem): _mask(path) for path in sorted((TRUTH / name).glob("*.png"))}
    if any(one.shape != plates[0].shape[:2] for one in truth.values()):
        raise ValueError(f"{name}: masks differ in size from frames of {plates[0].shape[1::-1]}")
    return MatteClip(name, painted.kind, plates, truth)


def _framed(picture: Bytes, painted: Painted) -> Bytes:
    if painted.crop is not None:
        x, y, width, height = painted.crop
        picture = np.ascontiguousarray(picture[y : y + height, x : x + width])
    return fitted(picture, painted.width)


def davis_clip(name: str, kind: str, folder: Path, width: int) -> MatteClip:
    """Read a sequence of DAVIS 2016, reduced to a width in pixels. folder: has JPEGImages and Annotations."""
    files = sorted((folder / "JPEGImages" / "480p" / name).glob("*.jpg"))[:COUNT]
    plates = [fitted(np.ascontiguousarray(cv2.imread(str(file))[..., ::-1]), width) for file in files]
    masks = [_mask(folder / "Annotations" / "480p" / name / f"{file.stem}.png") for file in files]
    truth = {n: np.asarray(fitted(mask, width), np.float32) for n, mask in enumerate(masks)}
    return MatteClip(name, kind, plates, truth)


def _mask(path: Path) -> Floats:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 127, np.float32)


def crossing(count: int) -> Composite:
    """A figure that another one passes in front of, the other way."""
    behind = compose(body(), Motion(lambda t: (120 + 3.0 * t, 112)), count, seed=31)
    front = compose(body(), Motion(lambda t: (290 - 4.0 * t, 118)), count, seed=33, ground=behind.frames)
    hidden = zip(behind.alphas, front.alphas, strict=True)
    return Composite(front.frames, [one * (1 - other) for one, other in hidden], behind.clean, behind.foreground)


def returning(count: int) -> Composite:
    """A figure that leaves the picture, stays away for eight frames, and returns."""
    return compose(body(), Motion(lambda t: (300 + 200 * np.sin(np.pi * t / 40), 110)), count, seed=35)


def stick(count: int) -> Composite:
    """A rod, 5 pixels thick, that turns."""
    canvas = np.zeros((CARD, CARD), np.float32)
    cv2.line(canvas, (20, CARD // 2), (CARD - 20, CARD // 2), 1.0, 5)
    return compose(canvas, Motion(lambda t: (180 + t, 108), turn=lambda t: 1.5 * t), count, seed=37)


COMPOSITES: dict[str, tuple[str, Callable[[int], Composite]]] = {
    "stick": ("thin object (composite)", stick),
    "returning": ("leaves and returns (composite)", returning),
    "crossing": ("two that cross (composite)", crossing),
}

"""Track a painted matte through a shot with ``masks``, and composite through it: arrays in, arrays out, no project.

    python examples/track_a_matte.py [FOLDER]

The shot is synthetic: a textured disc that moves over a textured background, 8 frames of 160x96 pixels. The matte of
its first frame is given, as if painted; the others are tracked with OpenCV's optical flow. The program prints the
overlap of each matte with the ground truth. It then grows and feathers the matte, and composites an inverted plate over
the plate through it. The composites are written to FOLDER if one is given.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from masks import Footage, Tracked, feather_matte, grow_matte, over, track_matte

FRAMES = tuple(range(1, 9))
WIDTH, HEIGHT, RADIUS = 160, 96, 24


def texture(seed: int, low: int, high: int) -> np.ndarray:
    """Return a smooth random texture: uint8 (HEIGHT, WIDTH, 3)."""
    noise = np.random.default_rng(seed).uniform(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return np.round(low + (high - low) * smooth).astype(np.uint8)


def true_matte(frame: int) -> np.ndarray:
    """Return the matte of the disc, which moves by 4 pixels per frame: float32 (H, W), 0 or 1."""
    middle = (44 + 4 * (frame - FRAMES[0]), HEIGHT // 2)
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.float32), middle, RADIUS, 1.0, -1)


def plate(frame: int) -> np.ndarray:
    """Return a plate of the shot: uint8 (H, W, 3), RGB."""
    disc = np.roll(texture(4, 110, 255), 4 * (frame - FRAMES[0]), axis=1)
    return np.where(true_matte(frame)[..., None] == 1, disc, texture(3, 0, 130))


def flow(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Estimate flow on the grid of ``target``, ``target(x) = source(x + flow(x))``; any estimator can be used here."""
    first, second = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (target, source))
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(first, second, None)


def tracked_mattes() -> Iterator[Tracked]:
    """Track the painted matte of the first frame through the others, in order."""
    return track_matte(FRAMES, Footage(plate, neighbour_flow=flow, refine=flow), true_matte(FRAMES[0]))


def composite(frame: int, matte: np.ndarray) -> np.ndarray:
    """Composite a look over the plate through a matte grown by one pixel and feathered: uint8 (H, W, 3)."""
    picture = plate(frame)
    return over(255 - picture, picture, feather_matte(grow_matte(matte, 1), 3))


def main(folder: Path | None) -> None:
    """Print the overlap and confidence of each matte, and write the composites if a folder is given."""
    for one in tracked_mattes():
        inside, truth = one.matte > 0.5, true_matte(one.frame) > 0.5
        overlap = (inside & truth).sum() / (inside | truth).sum()
        print(f"frame {one.frame}: overlap {overlap:.2f}, confidence {one.confidence:.2f}")
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"frame.{one.frame:04d}.png"), composite(one.frame, one.matte)[..., ::-1])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)

"""Propagate two painted keys through a shot with ``propagate`` alone: arrays in, arrays out, no project.

    python examples/propagate_a_key.py [FOLDER]

The shot is synthetic: a textured disc that moves over a textured background, 9 frames of 160x96 pixels. Its first and
last frames are "painted" by a fixed filter, which also gives the ground truth for the frames between. The program
prints how close each propagated frame is to it, and writes the frames to FOLDER if one is given.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from propagate import DisFlow, StylisedFrame, SynthesisSettings, blend_passes, estimated_scene, propagate_key

FRAMES = tuple(range(1, 10))
WIDTH, HEIGHT, RADIUS = 160, 96, 26


def texture(seed: int, low: int, high: int) -> np.ndarray:
    """Return a smooth random texture: uint8 (HEIGHT, WIDTH, 3)."""
    noise = np.random.default_rng(seed).uniform(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return np.round(low + (high - low) * smooth).astype(np.uint8)


def plate(frame: int) -> np.ndarray:
    """Return a plate of the shot: uint8 (H, W, 3), RGB. The disc moves by 4 pixels per frame."""
    shift, middle = 4 * (frame - FRAMES[0]), (40 + 4 * (frame - FRAMES[0]), HEIGHT // 2)
    disc = np.roll(texture(2, 120, 255), shift, axis=1)
    inside = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), middle, RADIUS, 1, -1)[..., None] == 1
    return np.where(inside, disc, texture(1, 0, 150))


def paint(picture: np.ndarray) -> np.ndarray:
    """Paint a plate in flat tones and warm colours, in place of a painter: float32 (H, W, 3) in [0, 1]."""
    smooth = cv2.bilateralFilter(picture, 7, 60, 5).astype(np.float32) / 255
    flat = np.round(smooth * 5) / 5
    return np.clip(flat * np.float32([1.0, 0.8, 0.6]) + np.float32([0.0, 0.05, 0.15]), 0, 1).astype(np.float32)


def run_pass(frames: tuple[int, ...]) -> dict[int, StylisedFrame]:
    """Propagate the key at the first of ``frames`` to the others, in order; return them by number."""
    scene = estimated_scene(plate, DisFlow("fine"))
    return {one.frame: one for one in propagate_key(frames, scene, paint(plate(frames[0])), SynthesisSettings())}


def between_keys() -> dict[int, np.ndarray]:
    """Return the frames between the two keys, each blended from both passes: float32 (H, W, 3) by number."""
    forward, backward = run_pass(FRAMES), run_pass(FRAMES[::-1])
    finished = {}
    for frame in FRAMES[1:-1]:
        left, right = forward[frame], backward[frame]
        position = (frame - FRAMES[0]) / (FRAMES[-1] - FRAMES[0])
        finished[frame], _, _ = blend_passes(left.colour, left.error, right.colour, right.error, position)
    return finished


def main(folder: Path | None) -> None:
    """Print the PSNR of each frame in decibels, and write the frames if a folder is given."""
    for frame, picture in between_keys().items():
        error = float(np.mean((picture - paint(plate(frame))) ** 2))
        print(f"frame {frame}: {-10 * np.log10(max(error, 1e-10)):.1f} dB")
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            levels = np.round(picture[..., ::-1] * 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"frame.{frame:04d}.png"), levels)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)

"""Drift of brush marks in long spans: ``python -m tests.benchmarks.propagation.long_spans --help``.

One key is propagated through slow rendered shots of exactly known motion. The key is covered with marks that the plate
does not contain, so that sliding paint cannot hide. The truth of a frame is the key, moved by the exact motion. For
some distances from the key, the output lists the drift of the marks against the surface, in per cent of the picture's
width: the median and the 95th percentile of the blocks in which the marks are found again, and the share of blocks in
which they are not; and the same percentiles of the flow to the key, over all pixels that the key shows.
"""

import argparse
from dataclasses import dataclass

import cv2
import numpy as np

from propagate.flow import grid, warp
from propagate.flow_dis import DisFlow
from propagate.scene import estimated_scene
from propagate.synthesis import SynthesisSettings, propagate_key
from tests.synthetic import texture, to_bytes

SHOWN = (10, 60, 120, 240)
SIZE = (320, 180)
# Side and stride of the blocks in which marks are located, and how far they are sought; the least correlation.
BLOCK, STRIDE, REACH, FOUND = 24, 16, 10, 0.6
# Places per pixel at which they are sought.
FINE = 4
# Deviation of the plates' grain, in levels of 255.
GRAIN = 1.5
# Radius and half the height of the pillar in pixels; angle to the viewer up to which its surface is judged.
PILLAR, PILLAR_SIDE = (100, 80), 60


@dataclass(frozen=True)
class Disc:
    """A disc in front of the camera that rolls slowly while it moves. speed: in pixels a frame."""

    speed: float

    def on(self, t):
        """Mask of the object at time t: bool (H, W)."""
        away = grid(*SIZE[::-1]) - np.array([60 + self.speed * t, 95], np.float32)
        return np.hypot(away[..., 0], away[..., 1]) < 40

    def picture(self, t):
        """Picture of the object at time t, of any colour outside of it: (H, W, 3)."""
        return cv2.warpPerspective(skin((200, 200)), self._own(t), SIZE, flags=cv2.INTER_CUBIC)

    def motion(self, t):
        """Exact flow from frame t to frame 0 on the object, and the mask of what frame 0 shows."""
        return moved(self._own(0) @ np.linalg.inv(self._own(t))), np.ones(SIZE[::-1], bool)

    def _own(self, t):
        """Rigid motion from the disc's own picture to the picture at time t, float64 (3, 3)."""
        turn = np.vstack([cv2.getRotationMatrix2D((100, 100), 0.1 * t, 1), [0, 0, 1]])
        return np.array([[1, 0, 60 + self.speed * t - 100], [0, 1, 95 - 100], [0, 0, 1]]) @ turn


@dataclass(frozen=True)
class Pillar:
    """An upright cylinder that turns in place, in light that stays where it is. degrees: that it turns a frame."""

    degrees: float

    def on(self, t):
        """See ``Disc``."""
        del t
        away = grid(*SIZE[::-1]) - np.array([SIZE[0] / 2, SIZE[1] / 2], np.float32)
        return (np.abs(away[..., 0]) < PILLAR[0] - 0.5) & (np.abs(away[..., 1]) < PILLAR[1])

    def picture(self, t):
        """See ``Disc``."""
        bark, angle = skin((600, SIZE[1])), self._angle()
        across = PILLAR[0] * (angle - np.deg2rad(self.degrees) * t) + 300
        rows = np.broadcast_to(np.arange(SIZE[1])[:, None], across.shape)
        shown = cv2.remap(bark, across.astype(np.float32), rows.astype(np.float32), cv2.INTER_CUBIC)
        return shown * (0.65 + 0.35 * np.cos(angle + 0.5))[..., None]

    def motion(self, t):
        """See ``Disc``."""
        before = self._angle() - np.deg2rad(self.degrees) * t
        flow = np.zeros((*SIZE[::-1], 2), np.float32)
        flow[..., 0] = SIZE[0] / 2 + PILLAR[0] * np.sin(before) - grid(*SIZE[::-1])[..., 0]
        return flow, np.maximum(np.abs(before), np.abs(self._angle())) < np.deg2rad(PILLAR_SIDE)

    def _angle(self):
        """Angle of the surface to the viewer: float64 (H, W)."""
        away = (np.arange(SIZE[0]) - SIZE[0] / 2) / PILLAR[0]
        return np.broadcast_to(np.arcsin(np.clip(away, -1, 1)), SIZE[::-1])


def skin(size):
    """Texture of an object, uint8."""
    return texture(3, size, colour=(200, 110, 70))


@dataclass(frozen=True)
class Shot:
    """A rendered shot: a textured plane in front of a moving camera, and an object before it.

    zoom, roll, pan, tilt: of the camera, a frame: factor less 1, degrees, pixels, and perspective (1 / pixels).
    contrast: of the plane, 1 for its full texture. thing: Disc or Pillar, None for none.
    """

    name: str
    zoom: float = 0.0
    roll: float = 0.0
    pan: float = 0.0
    tilt: float = 0.0
    contrast: float = 1.0
    thing: Disc | Pillar | None = None

    def camera(self, t):
        """Homography from the plane to the picture at time t, float64 (3, 3)."""
        turn = np.vstack([cv2.getRotationMatrix2D((480, 320), self.roll * t, 1 + self.zoom * t), [0, 0, 1]])
        middle = np.array([[1, 0, SIZE[0] / 2 - 480 - self.pan * t], [0, 1, SIZE[1] / 2 - 320], [0, 0, 1]])
        centre = np.array([[1, 0, SIZE[0] / 2], [0, 1, SIZE[1] / 2], [0, 0, 1]])
        tilted = centre @ np.array([[1, 0, 0], [0, 1, 0], [self.tilt * t, 0, 1]]) @ np.linalg.inv(centre)
        return tilted @ middle @ turn

    def plates(self, count):
        """Render ``count`` plates with grain: uint8 (H, W, 3)."""
        scene, draw = texture(1, (960, 640), colour=(110, 130, 100)).astype(np.float32), np.random.default_rng(7)
        scene = scene.mean(axis=(0, 1)) * (1 - self.contrast) + scene * self.contrast
        for t in range(count):
            picture = cv2.warpPerspective(scene.astype(np.float32), self.camera(t), SIZE, flags=cv2.INTER_CUBIC)
            if self.thing is not None:
                picture = np.where(self.thing.on(t)[..., None], self.thing.picture(t), picture)
            yield to_bytes(picture + draw.normal(0, GRAIN, picture.shape).astype(np.float32))

    def motion(self, t):
        """Exact flow from frame t to frame 0, float32 (H, W, 2), and the mask of the pixels that frame 0 shows."""
        height, width = SIZE[::-1]
        flow, shown = moved(self.camera(0) @ np.linalg.inv(self.camera(t))), np.ones((height, width), bool)
        if self.thing is not None:
            here, (own, own_shown) = self.thing.on(t), self.thing.motion(t)
            flow[here], shown[here] = own[here], own_shown[here]
            shown &= warp(self.thing.on(0).astype(np.float32), flow) == here
        there = grid(height, width) + flow
        inside = (there >= 0).all(axis=-1) & (there[..., 0] <= width - 1) & (there[..., 1] <= height - 1)
        return flow, inside & shown


SHOTS = (
    Shot("push in and roll", zoom=0.0008, roll=0.03, pan=0.05),
    Shot("slow pan", pan=0.5),
    Shot("slow pan, plain wall", pan=0.5, contrast=0.15),
    Shot("a plane turns", tilt=4e-6, pan=0.1),
    Shot("a pillar turns", thing=Pillar(0.2)),
    Shot("a disc drifts past", pan=-0.05, thing=Disc(0.6)),
)


def moved(homography):
    """Flow of a homography, float32 (H, W, 2)."""
    positions = grid(*SIZE[::-1]).astype(np.float64)
    moved_to = cv2.perspectiveTransform(positions.reshape(1, -1, 2), homography).reshape(positions.shape)
    return (moved_to - positions).astype(np.float32)


def marked(plate):
    """Key of a plate: half its colours, half brush marks that the plate does not contain; float32 (H, W, 3)."""
    noise = np.random.default_rng(11).normal(0, 1, plate.shape).astype(np.float32)
    strokes = cv2.GaussianBlur(noise, (0, 0), sigmaX=3.0, sigmaY=1.2)
    strokes *= np.float32(0.18) / strokes.std()
    return np.clip(plate.astype(np.float32) / 255 * np.float32(0.5) + np.float32(0.25) + strokes, 0, 1)


def drift(picture, truth, visible):
    """Displacement, in pixels, of every block of a picture against the truth, and the number of blocks that are lost.

    A block is one that is visible with all of its neighbourhood. It is lost if nothing within REACH pixels of its place
    correlates with the truth's marks by FOUND or more.
    """
    before, after = (_enlarged(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)) for p in (truth, picture))
    found, lost = [], 0
    for top in range(REACH, SIZE[1] - BLOCK - REACH + 1, STRIDE):
        for left in range(REACH, SIZE[0] - BLOCK - REACH + 1, STRIDE):
            near = slice(top - REACH, top + BLOCK + REACH), slice(left - REACH, left + BLOCK + REACH)
            if not visible[near].all():
                continue
            block = before[FINE * top : FINE * (top + BLOCK), FINE * left : FINE * (left + BLOCK)]
            around = tuple(slice(FINE * side.start, FINE * side.stop) for side in near)
            likeness = cv2.matchTemplate(after[around], block, cv2.TM_CCOEFF_NORMED)
            y, x = (int(index) for index in np.unravel_index(likeness.argmax(), likeness.shape))
            if likeness[y, x] < FOUND:
                lost += 1
            else:
                found.append(np.hypot(x / FINE - REACH, y / FINE - REACH))
    return np.array(found), lost


def strength(picture, truth, visible):
    """Contrast of the marks relative to the truth's, where they are visible."""
    fine = [p - cv2.GaussianBlur(p, (0, 0), 4) for p in (cv2.cvtColor(q, cv2.COLOR_RGB2GRAY) for q in (picture, truth))]
    return float(fine[0][visible].std() / fine[1][visible].std())


def _enlarged(grey):
    return cv2.resize(grey, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_CUBIC)


def measure(shot, count, shown):
    """Yield the figures of a shot at some distances from its key: distance, marks (2), lost, strength, flow (2)."""
    plates = list(shot.plates(count + 1))
    key = marked(plates[0])
    scene = estimated_scene(plates.__getitem__, DisFlow(), DisFlow("fine"))
    for made in propagate_key(range(count + 1), scene, key, SynthesisSettings()):
        if made.frame not in shown:
            continue
        flow, visible = shot.motion(made.frame)
        truth = np.clip(warp(key, flow, lanczos=True), 0, 1)
        found, lost = drift(made.colour, truth, visible)
        away = made.state.flow - flow
        length = np.hypot(away[..., 0], away[..., 1])[visible]
        per_cent = 100 / SIZE[0]
        yield (
            made.frame, *(np.quantile(found, (0.5, 0.95)) * per_cent if found.size else (np.nan, np.nan)),
            lost / max(1, lost + found.size), strength(made.colour, truth, visible),
            *(np.quantile(length, (0.5, 0.95)) * per_cent),
        )  # fmt: skip


def main():
    words = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.propagation.long_spans", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    words.add_argument("--frames", type=int, default=SHOWN[-1], help="frames from the key to the end of a shot")
    words.add_argument("--only", default="", help="shots whose name contains this")
    asked = words.parse_args()
    print(f"{'shot':20} frames  marks: median   95 %   lost  strength   flow: median   95 %   in per cent of the width")
    for shot in SHOTS:
        if asked.only in shot.name:
            for frame, middle, most, lost, left, flow, flow_most in measure(shot, asked.frames, SHOWN):
                print(f"{shot.name:20} {frame:6} {middle:14.3f} {most:6.3f} {lost:6.2f} {left:9.2f} "
                      f"{flow:14.3f} {flow_most:6.3f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()

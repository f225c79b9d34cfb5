"""Fixed filters whose result is known for every frame: the target of an engine that is given only the key.

Each takes and returns uint8 (H, W, 3), RGB, and reads one frame alone.
"""

import cv2
import numpy as np


def toon(plate):
    """Flat tones of a fixed palette, and ink where the luma has edges."""
    flat = plate
    for _ in range(3):
        flat = cv2.bilateralFilter(flat, 9, 40, 7)
    tones = (flat // 40) * 40 + 20
    grey = cv2.GaussianBlur(cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY), (0, 0), 1.2)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    slope = np.sqrt(across * across + down * down)  # the last bit of cv2.magnitude depends on memory layout
    ink = np.clip((slope - 60) / 60, 0, 1)[..., None]
    return (tones * (1 - ink) + 20 * ink).astype(np.uint8)


def oil(plate, radius=4, tones=10):
    """The mean colour of the commonest tone around each pixel (Holzmann, "Beyond Photography", 1988)."""
    luma = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY)
    bins = luma.astype(np.int32) * tones // 256
    window = (2 * radius + 1, 2 * radius + 1)
    best, painted = np.zeros(luma.shape, np.float32), np.zeros(plate.shape, np.float32)
    for tone in range(tones):
        here = (bins == tone).astype(np.float32)
        count = cv2.boxFilter(here, -1, window, normalize=False)
        colour = cv2.boxFilter(plate * here[..., None], -1, window, normalize=False) / np.maximum(count, 1)[..., None]
        wins = count > best
        best = np.where(wins, count, best)
        painted = np.where(wins[..., None], colour, painted)
    return painted.astype(np.uint8)


def brush(plate, length=12):
    """Colour drawn out along the contours, then sharpened: strokes (Cabral and Leedom, "Imaging vector fields
    using line integral convolution", SIGGRAPH 1993, along the minor eigenvector of the structure tensor)."""
    grey = cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.GaussianBlur(p, (0, 0), 3) for p in (across * across, down * down, across * down))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    along = np.stack([np.cos(angle), np.sin(angle)], axis=-1).astype(np.float32)
    height, width = grey.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    total = plate.astype(np.float32)
    for sign in (1, -1):
        x, y, last = xs, ys, along * sign
        for _ in range(length // 2):
            step = cv2.remap(along, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            step = step * np.where((step * last).sum(axis=-1, keepdims=True) < 0, -1, 1).astype(np.float32)
            x, y, last = x + step[..., 0], y + step[..., 1], step
            total += cv2.remap(plate, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    drawn = total / np.float32(1 + 2 * (length // 2))
    sharp = drawn + 1.5 * (drawn - cv2.GaussianBlur(drawn, (0, 0), 1.5))
    return np.clip(sharp, 0, 255).astype(np.uint8)


FILTERS = {"toon": toon, "oil": oil, "brush": brush}

"""Keyframe rules of other tools, for a given number of keys. Each takes plates, uint8 (H, W, 3), and returns frames."""

from itertools import pairwise

import cv2
import numpy as np


def every_nth(plates, count):
    """The rule of most tools: the first frame, and then every n-th."""
    return [int(place * len(plates) / count) for place in range(count)]


def centred(plates, count):
    """The middles of equal parts: the best that spacing alone can do, knowing the length of the shot."""
    return [int((place + 0.5) * len(plates) / count) for place in range(count)]


def peaks(plates, count, apart=5):
    """FRESCO's rule: first and last frame, then where the blurred picture differs most from the previous one, never
    closer than 5 frames to another key.
    """
    small = [cv2.GaussianBlur(plate, (9, 9), 0).astype(np.float32) for plate in plates]
    change = np.array([0.0, *(float(((b - a) ** 2).mean()) for a, b in pairwise(small))])
    keys = [0, len(plates) - 1][:count]
    change[:apart], change[-apart:] = -1, -1
    while len(keys) < count and change.max() >= 0:
        keys.append(int(np.argmax(change)))
        change[max(0, keys[-1] - apart) : keys[-1] + apart] = -1
    return sorted(keys)


def edges(plates, count, nearest=10, farthest=300):
    """ebsynth_utility's rule: where the edges of the luma differ from the key's by more than a threshold that falls
    with the distance, at least 10 frames apart. The threshold is the highest that gives as many keys.
    """
    drawn = [_edges(plate) for plate in plates]
    low, high = 0.0, 256.0
    for _ in range(20):
        middle = (low + high) / 2
        if len(_walk(drawn, middle, nearest, farthest)) >= count:
            low = middle
        else:
            high = middle
    return _walk(drawn, low, nearest, farthest)[:count]


def _walk(drawn, threshold, nearest, farthest):
    keys = [0]
    for frame in range(1, len(drawn)):
        gap = frame - keys[-1]
        if gap >= nearest and np.abs(drawn[frame] - drawn[keys[-1]]).mean() > threshold * (farthest - gap) / farthest:
            keys.append(frame)
    return keys


def _edges(plate):
    luma = plate.max(axis=2)
    middle = float(np.median(luma))
    found = cv2.Canny(luma, int(max(0, middle * 2 / 3)), int(min(255, middle * 4 / 3)))
    size = 4 + round((luma.size**0.5) / 192)
    size += size % 2 == 0
    return cv2.dilate(found, np.ones((size, size), np.uint8)).astype(np.float32)


RULES = {"every n-th": every_nth, "centred": centred, "peaks": peaks, "edges": edges}

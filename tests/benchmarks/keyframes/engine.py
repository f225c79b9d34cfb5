"""Quality that any set of keys gives, with the engine and a filter whose truth is known.

A pass depends on its key alone, so every set of keys is blended from cached passes, and the measurements between two
keys are cached, too.
"""

import json
from hashlib import sha256

import cv2
import numpy as np

from propagate.blend import blend
from propagate.flow import estimate_steps
from propagate.flow_dis import DisFlow
from propagate.scene import Scene
from propagate.synthesis import SynthesisSettings, propagate_key
from tests.benchmarks.propagation.measures import psnr
from tests.benchmarks.propagation.truth import FILTERS


class Engine:
    """Propagation of a filter's frames through one take."""

    def __init__(self, name, plates, filter_name, folder):
        """plates: uint8 (H, W, 3), small. folder: cache of passes."""
        mark = sha256(b"".join(plate.tobytes() for plate in plates))
        mark.update(f"{SynthesisSettings().cache_key()} {DisFlow().cache_key()}".encode())
        self.name = f"{name}.{filter_name}.{mark.hexdigest()[:12]}".replace(" ", "-")
        self.plates, self.folder = plates, folder
        self.truth = [FILTERS[filter_name](plate) for plate in plates]
        self.steps, self.estimate, self.passes = {}, DisFlow(), {}
        self.spans = self.measured()

    def figures(self, keys):
        """PSNR of every frame except the keys, which are exact: frame to dB."""
        keys = sorted(keys)
        found = {}
        for left, right in zip([None, *keys], [*keys, None], strict=True):
            found |= self.span(left, right)
        self.sheet.parent.mkdir(exist_ok=True, parents=True)
        self.sheet.write_text(json.dumps([[*keys, list(dBs.items())] for keys, dBs in self.spans.items()]))
        return found

    def measured(self):
        """Measurements of earlier runs: keys on both sides to PSNR of the frames between."""
        self.sheet = self.folder / f"{self.name}.json"
        rows = json.loads(self.sheet.read_text()) if self.sheet.exists() else []
        return {(left, right): dict(dBs) for left, right, dBs in rows}

    def span(self, left, right):
        """PSNR of the frames between two keys, before the first, or after the last."""
        if (left, right) not in self.spans:
            first = 0 if left is None else left + 1
            end = len(self.plates) if right is None else right
            self.spans[left, right] = {frame: self.frame(left, right, frame) for frame in range(first, end)}
        return self.spans[left, right]

    def frame(self, left, right, frame):
        end = len(self.plates) - 1 if right is None else right - 1
        first = 0 if left is None else left + 1
        sides = [
            self.one_way(key, key < frame, end if key < frame else first) for key in (left, right) if key is not None
        ]
        made = [(colour[abs(frame - key)], error[abs(frame - key)]) for key, colour, error in sides]
        pictures = [(colour.astype(np.float32) / 255, error.astype(np.float32)) for colour, error in made]
        shown = pictures[0][0]
        if len(pictures) == 2:
            shown = blend(*pictures[0], *pictures[1], (frame - left) / (right - left))[0]
        return psnr(shown, self.truth[frame].astype(np.float32) / 255)

    def one_way(self, key, onward, end):
        """The key, and its pass as far as ``end``: pictures (N, H, W, 3) uint8 and errors (N, H, W) float16."""
        path = self.folder / f"{self.name}.{key}.{'onward' if onward else 'back'}.npz"
        if (key, onward) not in self.passes and path.exists():
            with np.load(path) as kept:
                self.passes[key, onward] = kept["colour"], kept["error"]
        colour, error = self.passes.get((key, onward), ((), ()))
        if len(colour) <= abs(end - key):
            # Further than requested, so that another set of keys seldom needs it again.
            far = min(len(self.plates) - 1, end + 8) if onward else max(0, end - 8)
            colour, error = self.passes[key, onward] = self.propagated(
                range(key, far + (1 if onward else -1), 1 if onward else -1)
            )
            path.parent.mkdir(exist_ok=True, parents=True)
            np.savez(path, colour=colour, error=error)
        return key, colour, error

    def propagated(self, order):
        own = self.truth[order[0]].astype(np.float32) / 255
        made = [(own, np.zeros(own.shape[:2], np.float32))]
        scene = Scene(self.plates.__getitem__, self.step, DisFlow("fine"))
        made += [(c.colour, c.error) for c in propagate_key(list(order), scene, own, SynthesisSettings())]
        colour = np.array([np.rint(255 * np.clip(picture, 0, 1)) for picture, _ in made]).astype(np.uint8)
        return colour, np.array([error for _, error in made]).astype(np.float16)

    def step(self, before, after):
        if (before, after) not in self.steps:
            ways = estimate_steps(self.plates[before], self.plates[after], self.estimate)
            self.steps[before, after], self.steps[after, before] = ways
        return self.steps[before, after]


def small(plates, width):
    """Scale a plate for the engine: the size that ``fitted`` gives."""
    height = round(plates[0].shape[0] * width / plates[0].shape[1])
    return [cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA) for plate in plates]

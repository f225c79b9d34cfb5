"""How close a frame is to the truth. Pictures are float32 (H, W, 3) in [0, 1]."""

import importlib.util
import tempfile
from pathlib import Path

import cv2
import numpy as np

from propagate.flow import source_positions

# Range in levels of 255 that what stands still may have; see ``background``.
STILL = 6.0
# Levels of 255, in the mean over the background, that cannot be seen.
LEAST = 0.1


def psnr(picture, truth):
    return float(-10 * np.log10(max(1e-10, float(((picture - truth) ** 2).mean()))))


def ssim(picture, truth):
    """Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 2004, on luma, Gaussian window of 1.5 px."""
    a, b = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (picture, truth))

    def blur(p):
        return cv2.GaussianBlur(p, (11, 11), 1.5)

    ma, mb = blur(a), blur(b)
    va, vb, both = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    return float(((2 * ma * mb + c1) * (2 * both + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean())


def detail(picture, truth):
    """Strength of the finest detail, over the truth's: below 1 is mush, above 1 is noise."""

    def strength(p):
        return cv2.Laplacian(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.CV_32F).std()

    return float(strength(picture) / strength(truth))


def unsteadiness(pictures, flows, visible, how=cv2.INTER_CUBIC):
    """Mean difference of neighbours along the flow of the plates where nothing is hidden, in levels of 255.

    how: the interpolation of the warp, by cubic convolution: it keeps most of the detail, and no engine here uses it. A
    bilinear warp blurs the one of two neighbours and not the other: a run that moves exactly as the plates do is then
    charged for its sharpness, and mush is calm.
    """
    apart = [
        np.abs(after - cv2.remap(before, source_positions(flow, 0), None, how, borderMode=cv2.BORDER_REPLICATE))[
            seen
        ].mean()
        for before, after, flow, seen in zip(pictures[:-1], pictures[1:], flows, visible, strict=True)
    ]
    return 255 * float(np.mean(apart))


def background(plates):
    """Where nothing moves and no light changes over a whole run: bool (H, W).

    plates: uint8 (H, W, 3), all frames of the run. A pixel is background if none of its channels, blurred with a
    standard deviation of 1 px against grain and compression, leaves a range of STILL levels of 255, and none of those
    within 2 px does: borders of moving things belong to them.
    """
    low = high = None
    for plate in plates:
        seen = cv2.GaussianBlur(plate.astype(np.float32), (0, 0), 1.0)
        low = seen if low is None else np.minimum(low, seen)
        high = seen if high is None else np.maximum(high, seen)
    moving = ((high - low).max(axis=-1) > STILL).astype(np.uint8)
    return cv2.dilate(moving, np.ones((5, 5), np.uint8)) == 0


def unsteadiness_over(pictures, truth, flows, still):
    """Unsteadiness on the background over the truth's own: above 1, what stands still boils more than the filter does.

    still: of ``background``. What differs by less than LEAST levels cannot be seen, and counts as that much on both
    sides; NaN where less than a hundredth of the picture is background.
    """
    if still.mean() < 0.01:
        return float("nan")
    seen = [still] * len(flows)
    ours, own = (max(LEAST, unsteadiness(run, flows, seen)) for run in (pictures, truth))
    return ours / own


def lpips(tool):
    """A function of (picture, truth) from a Python file with a class Lpips(folder), called with uint8 BGR."""
    if tool is None:
        return lambda picture, truth: float("nan")
    spec = importlib.util.spec_from_file_location("lpips_tool", tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = Path(tempfile.gettempdir()) / "lpips-weights"
    folder.mkdir(exist_ok=True)
    measure = module.Lpips(folder)

    def call(picture, truth):
        return measure(*(np.ascontiguousarray((p[..., ::-1] * 255 + 0.5).astype(np.uint8)) for p in (picture, truth)))

    return call

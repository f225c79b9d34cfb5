"""Distances of a frame from the truth. Pictures are float32 (H, W, 3) in [0, 1]."""

import importlib.util
import tempfile
from pathlib import Path

import cv2
import numpy as np

from propagate.flow import source_positions

# Maximum range in levels of 255 of a static pixel; see ``background``.
STILL = 6.0
# Levels of 255, as a mean over the background, that are not visible.
LEAST = 0.1


def psnr(picture, truth):
    return float(-10 * np.log10(max(1e-10, float(((picture - truth) ** 2).mean()))))


def ssim(picture, truth):
    """Structural similarity on luma, Gaussian window of 1.5 px.

    Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 2004.
    """
    from skimage.metrics import structural_similarity  # slow to import

    both = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (picture, truth))
    return float(structural_similarity(*both, data_range=1, gaussian_weights=True, use_sample_covariance=False))


def detail(picture, truth):
    """Strength of the finest detail, over the truth's: below 1 is blurred, above 1 is noisy."""

    def strength(p):
        return cv2.Laplacian(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.CV_32F).std()

    return float(strength(picture) / strength(truth))


def unsteadiness(pictures, flows, visible, how=cv2.INTER_CUBIC):
    """Mean difference of neighbours along the flow of the plates where nothing is occluded, in levels of 255.

    how: interpolation of the warp, cubic convolution by default: it keeps most of the detail, and no engine here uses
    it. A bilinear warp blurs one of two neighbours and not the other, so a run that moves exactly as the plates do
    would be charged for its sharpness, and a blurred one would appear steady.
    """
    apart = [
        np.abs(after - cv2.remap(before, source_positions(flow, 0), None, how, borderMode=cv2.BORDER_REPLICATE))[
            seen
        ].mean()
        for before, after, flow, seen in zip(pictures[:-1], pictures[1:], flows, visible, strict=True)
    ]
    return 255 * float(np.mean(apart))


def background(plates):
    """Mask of pixels without motion or change of light over a whole run: bool (H, W).

    plates: uint8 (H, W, 3), all frames of the run. A pixel is background if none of its channels, blurred with a
    standard deviation of 1 px against grain and compression, exceeds a range of STILL levels of 255, and the same holds
    for all pixels within 2 px, since borders of moving objects belong to them.
    """
    low = high = None
    for plate in plates:
        seen = cv2.GaussianBlur(plate.astype(np.float32), (0, 0), 1.0)
        low = seen if low is None else np.minimum(low, seen)
        high = seen if high is None else np.maximum(high, seen)
    moving = ((high - low).max(axis=-1) > STILL).astype(np.uint8)
    return cv2.dilate(moving, np.ones((5, 5), np.uint8)) == 0


def unsteadiness_over(pictures, truth, flows, still):
    """Unsteadiness on the background over the truth's own: above 1, static parts boil more than under the filter.

    still: of ``background``. Differences below LEAST levels are not visible, and count as LEAST on both sides; NaN if
    less than a hundredth of the picture is background.
    """
    if still.mean() < 0.01:
        return float("nan")
    seen = [still] * len(flows)
    ours, own = (max(LEAST, unsteadiness(run, flows, seen)) for run in (pictures, truth))
    return ours / own


def lpips(tool):
    """Return a function of (picture, truth) from a Python file with a class Lpips(folder), called with uint8 BGR."""
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

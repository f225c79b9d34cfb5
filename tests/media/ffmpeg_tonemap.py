"""Record what FFmpeg's filters make of PQ: ``python -m tests.media.ffmpeg_tonemap`` writes the arrays of the tests.

Requires an ``ffmpeg`` with zscale. The values are in ``ffmpeg_tonemap.npz``, so that tests need neither.
"""

import subprocess
from pathlib import Path

import numpy as np

from propagate.arrays import Pixels

RECORD = Path(__file__).with_suffix(".npz")
# Curves that FFmpeg has, too.
CURVES = ("mobius", "hable", "clip")


def signal() -> Pixels:
    """Return a ramp of grey above random colours: RGB, uint16 (48, 64, 3)."""
    values = (np.random.default_rng(3).random((48, 64, 3)) * 0.75 * 65535).astype(np.uint16)
    values[:8] = np.linspace(0, 65535, 64).astype(np.uint16)[None, :, None]
    return values


def zscale(values: Pixels, curve: str) -> Pixels:
    """Return the result of FFmpeg's filters for PQ with a peak of 1000 cd/m²: RGB, uint16, as `values`."""
    height, width = values.shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "gbrp16le"]
    filters = (
        "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=gbr:range=pc,zscale=t=linear:npl=203,"
        f"format=gbrpf32le,zscale=p=bt709,tonemap={curve}:desat=0:peak={1000 / 203},zscale=t=bt709:m=gbr:r=pc,"
        "format=gbrp16le"
    )
    size = ["-s", f"{width}x{height}"]
    command = ["ffmpeg", "-nostdin", "-v", "error", *raw, *size, "-i", "-", "-vf", filters, *raw, "-"]
    planes = np.ascontiguousarray(values[..., [1, 2, 0]].transpose(2, 0, 1)).tobytes()
    done = subprocess.run(command, input=planes, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint16).reshape(3, height, width)[[2, 0, 1]].transpose(1, 2, 0)


if __name__ == "__main__":
    np.savez_compressed(RECORD, **{curve: zscale(signal(), curve) for curve in CURVES})

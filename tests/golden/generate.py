"""Generate the inputs of the golden clips: ``python -m tests.golden.generate``, then ``stylize check --update``.

Look at every picture before committing it. The plates are from Big Buck Bunny; see README.md in this folder.
"""

import shutil
from pathlib import Path

import av
import cv2
import numpy as np

from stylize.media.images import read_image, write_image

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
SIZE = (128, 72)
FRAMES = range(1001, 1008)


def plates():
    """Every third frame of the example, scaled down."""
    with av.open(str(EXAMPLES / "bunny.mp4")) as movie:
        frames = [f.to_ndarray(format="rgb24") for f in movie.decode(video=0)]
    return {n: cv2.resize(frames[3 * i + 12], SIZE, interpolation=cv2.INTER_AREA) for i, n in enumerate(FRAMES)}


def ink(plate):
    """A fixed filter in place of a painter: flat tones and dark outlines."""
    flat = (cv2.bilateralFilter(plate, 5, 60, 3) // 48 * 48 + 24).astype(np.int32)
    grey = cv2.GaussianBlur(cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY), (0, 0), 1)
    edge = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return np.where((edge > 60)[..., None], 20, flat).astype(np.uint8)


def prepare(folder):
    """Write the inputs of every golden clip into ``folder``."""
    for number, plate in plates().items():
        write(folder / "plates" / f"plate.{number}.png", plate)
        if number in (1001, 1007):
            write(folder / "painted" / f"key.{number}.png", ink(plate))
    write(folder / "style.png", np.ascontiguousarray(read_image(EXAMPLES / "oil.png")[120:300, 200:420]))
    matte = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    cv2.circle(matte, (60, 40), 26, 255, -1)
    write(folder / "matte.png", np.repeat(cv2.GaussianBlur(matte, (0, 0), 1.5)[..., None], 3, axis=2))


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, pixels)


def main():
    shutil.rmtree(HERE / "inputs", ignore_errors=True)
    prepare(HERE / "inputs")


if __name__ == "__main__":
    main()

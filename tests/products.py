"""Digests of all results that pass through BLAS, or could, at sizes at which BLAS uses all of its threads."""

import hashlib

import numpy as np

from masks.colour_model import colour_model
from masks.conjugate_gradients import conjugate_gradients
from masks.luma import luma_key
from masks.motion_field import affine_motion
from propagate.features import luminance
from propagate.palette import nearest_colours, palette_of
from stylize.planning.coverage import weighted_sum

LINKS = 60000


class Chain:
    """Matrix of a chain whose links are bound to their neighbours, and slightly to their positions."""

    def diagonal(self):
        return np.full(LINKS, 2.1)

    def __matmul__(self, x):
        return 2.1 * x - np.roll(x, 1) - np.roll(x, -1)


def mapped(colours, reference):
    """Map colours in the shares of a reference."""
    return nearest_colours(palette_of(reference), 7.0, 0.5, palette_of(colours), 1.0).apply(colours)


def main():
    draw = np.random.default_rng(0)
    picture, flow = draw.random((36, 8192, 3), np.float32), draw.random((300, 400, 2), np.float32)
    plate, inside = draw.integers(0, 256, (360, 640, 3), np.uint8), draw.random((360, 640), np.float32)
    for made in (
        luma_key(picture, 0, 1), luminance(picture), mapped(100 * picture, 90 * picture[:5]),
        affine_motion(flow, flow[..., 0]),
        weighted_sum(draw.random((100, 14400), np.float32), draw.random(14400, np.float32)),
        conjugate_gradients(Chain(), draw.random(LINKS), np.zeros(LINKS), 1e-6, 20),
        colour_model(plate, inside, 1 - inside).score(plate),
    ):  # fmt: skip
        print(hashlib.blake2b(np.ascontiguousarray(made).tobytes(), digest_size=8).hexdigest())


if __name__ == "__main__":
    main()

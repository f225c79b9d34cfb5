"""Small pictures of the references of a project."""

import numpy as np

from stylize.media.colour import BT709
from stylize.media.flatten import flatten
from stylize.media.images import quantise, read_image, to_float
from stylize.review.proxies import JPEG, encode, proxy_size
from stylize.review.shown_project import ShownProject

_WIDTH, _BACKDROP = 320, 0.25


def reference_picture(project: ShownProject, number: int) -> bytes | None:
    """Return a reference as a JPEG; None if there is none of that number, from 0. Raises InputError if unreadable."""
    paths = project.settings.references
    if number >= len(paths):
        return None
    pixels = flatten(read_image(paths[number], BT709, untagged=BT709), _BACKDROP)
    pixels = pixels if pixels.dtype == np.uint8 else quantise(to_float(pixels), np.uint8)
    height, width = pixels.shape[:2]
    return encode(pixels, proxy_size((width, height), _WIDTH), JPEG)

"""Stills in and out: the one place for depth, alpha, colour space and metadata.

Inside the program a picture is uint8 or uint16, (H, W, 3) or (H, W, 4), RGB(A), display-encoded (sRGB), with straight
alpha. Files keep their own conventions: PNG, TIFF and JPEG are display-encoded and straight, EXR is linear and
premultiplied, DPX is display-encoded and opaque.
"""

from stylize.media.images.bit_depth import quantise, to_float, widen
from stylize.media.images.dpx import DPX_COLOURS
from stylize.media.images.image_info import ImageFacts, channel_names, image_facts, image_size
from stylize.media.images.metadata import Stamp, put_stamp
from stylize.media.images.reading import read_channels, read_data, read_image, read_values
from stylize.media.images.transfer import in_primaries
from stylize.media.images.writing import make_folder, write_image
from stylize.media.images.written import check_written

__all__ = [
    "DPX_COLOURS", "ImageFacts", "Stamp", "channel_names", "check_written", "image_facts", "image_size",
    "in_primaries", "make_folder", "put_stamp", "quantise", "read_channels", "read_data", "read_image", "read_values",
    "to_float", "widen", "write_image",
]  # fmt: skip

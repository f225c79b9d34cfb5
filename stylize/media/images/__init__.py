"""Still pictures in and out: bit depth, alpha, colour and metadata are handled here and nowhere else.

In memory a picture is uint8 or uint16, (H, W, 3) or (H, W, 4), RGB(A), display-encoded (sRGB), with straight alpha.
Files keep their own conventions: PNG, TIFF and JPEG are display-encoded and straight, EXR is linear and premultiplied,
DPX is display-encoded and opaque.

`reading` and `writing` do the work; `bit_depth`, `transfer`, `icc` and `png` are shared by both.
"""

from stylize.media.images.bit_depth import quantise, to_float, widen
from stylize.media.images.reading import (
    ImageInfo,
    channel_names,
    image_info,
    image_size,
    read_channels,
    read_data,
    read_image,
    read_values,
)
from stylize.media.images.transfer import convert_to_primaries
from stylize.media.images.writing import DPX_COLOURS, Stamp, check_written, make_folder, put_stamp, write_image

__all__ = [
    "DPX_COLOURS", "ImageInfo", "Stamp", "channel_names", "check_written", "convert_to_primaries", "image_info",
    "image_size", "make_folder", "put_stamp", "quantise", "read_channels", "read_data", "read_image", "read_values",
    "to_float", "widen", "write_image",
]  # fmt: skip

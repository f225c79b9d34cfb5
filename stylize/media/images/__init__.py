"""Reading and writing of still pictures. Only this package handles their bit depth, alpha, colour and metadata.

In memory, a picture is RGB(A), uint8 or uint16, (H, W, 3) or (H, W, 4), display-encoded (sRGB), with straight alpha.
Files have the conventions of their formats: PNG, TIFF and JPEG are display-encoded with straight alpha, EXR is linear
and premultiplied, DPX is display-encoded and opaque.

`reading` and `writing` share `bit_depth`, `transfer`, `icc` and `png`.
"""

from stylize.media.images.bit_depth import quantise, to_float, widen
from stylize.media.images.header import Header
from stylize.media.images.png import declared_light
from stylize.media.images.reading import (
    ImageInfo,
    channel_names,
    has_several_pictures,
    image_info,
    image_size,
    picture_layer_note,
    read_channels,
    read_data,
    read_image,
    read_premultiplied,
    read_values,
)
from stylize.media.images.scene_frame import (
    SceneFrame,
    Window,
    moved,
    read_scene_frame,
    write_scene_frame,
)
from stylize.media.images.transfer import convert_primaries
from stylize.media.images.writing import (
    DPX_COLOURS,
    Stamp,
    check_written,
    declare_stamp,
    make_folder,
    put_stamp,
    write_image,
)

__all__ = [
    "DPX_COLOURS", "Header", "ImageInfo", "SceneFrame", "Stamp", "Window", "channel_names", "check_written",
    "convert_primaries", "declare_stamp", "declared_light", "has_several_pictures", "image_info", "image_size",
    "make_folder", "moved",
    "picture_layer_note", "put_stamp", "quantise", "read_channels", "read_data", "read_image", "read_premultiplied",
    "read_scene_frame", "read_values", "to_float", "widen", "write_image", "write_scene_frame",
]  # fmt: skip

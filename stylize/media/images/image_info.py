"""What the header of a picture says, its pixels unread."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stylize.media.colour import BT709, Colour, colour_of
from stylize.media.images.stored import has_windows, open_picture, stated_space
from stylize.media.spaces import REC709


@dataclass(frozen=True)
class ImageFacts:
    """How `read_image` gives a picture: width and height, bits a channel, with alpha or not, and what a PNG says that
    its values mean. space: of `spaces.WORKING_SPACES`, the one that an EXR states."""

    size: tuple[int, int]
    depth: Literal[8, 16]
    alpha: bool
    colour: Colour = BT709
    space: str = REC709


def image_facts(path: str | Path) -> ImageFacts:
    """Size, depth and alpha of a picture from its header alone; InputError as `read_image`."""
    source = open_picture(Path(path))
    try:
        spec = source.spec()
    finally:
        source.close()
    turned = spec.get_int_attribute("Orientation", 1) >= 5
    width, height = (spec.full_width, spec.full_height) if has_windows(spec) else (spec.width, spec.height)
    size = (height, width) if turned else (width, height)
    said = spec.getattribute("CICP")
    colour = BT709 if said is None else colour_of(0, said[0], said[1])
    depth: Literal[8, 16] = 8 if str(spec.format) == "uint8" else 16
    return ImageFacts(size, depth, spec.alpha_channel >= 0, colour, stated_space(spec))


def image_size(path: str | Path) -> tuple[int, int]:
    """Width and height of a picture from its header alone; InputError as `read_image`."""
    return image_facts(path).size


def channel_names(path: str | Path) -> tuple[str, ...]:
    """The names of a picture's channels, from its header alone; InputError as `read_image`."""
    source = open_picture(Path(path))
    try:
        return tuple(source.spec().channelnames)
    finally:
        source.close()

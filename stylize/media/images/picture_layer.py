"""Choice of the part and layer of an EXR that hold a picture.

A layer is a set of channels with a common prefix in one part: `beauty.R`, `beauty.G` and `beauty.B` are the layer
beauty, and channels without a prefix are the layer of their part. Names of channels follow both common styles, `R` and
`red`. Data such as depth, normals, motion and Cryptomatte are never treated as a picture.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stylize.errors import InputError

_COLOURS = ({"r", "red"}, {"g", "green"}, {"b", "blue"})
_ALPHA, _LUMINANCE = {"a", "alpha"}, {"y"}
# Name of the layer without a prefix in a part without a name.
UNNAMED = "rgba"
# Names that renderers and compositing programs give to the finished picture.
_FINISHED = ("", UNNAMED, "rgb", "beauty", "combined", "composite", "main", "color", "colour", "c")
_DATA = re.compile(
    r"crypto.*|z|depth|n|normals?|p|points?|position|motion|motionvector|vector|velocity|speed|forward|backward|uv|st"
    r"|(object|material)?_?id|indexob|indexma|mist",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PartChannels:
    """Channels of one part of a file, in its order. name: of the part; empty for none."""

    name: str
    channels: tuple[str, ...]


@dataclass(frozen=True)
class PictureLayer:
    """Channels that hold a picture.

    part: index of the part. name: of part and layer, as `--exr-layer` takes it. colour: indices of red, green and blue
    in the part; three times the same for luminance. alpha: index of alpha, -1 for none.
    """

    part: int
    name: str
    colour: tuple[int, int, int]
    alpha: int
    prefix: str = ""

    @property
    def label(self) -> str:
        """Last component of the name, lower case."""
        return re.split(r"[./]", self.name)[-1].lower()

    @property
    def is_data(self) -> bool:
        """True if the layer holds data instead of a picture, such as normals, judging by its name."""
        return any(_DATA.fullmatch(piece) for piece in re.split(r"[./]", self.name))


def picture_layers(parts: Sequence[PartChannels]) -> tuple[PictureLayer, ...]:
    """Return all layers that have red, green and blue, or luminance and nothing else, in the order of the file."""
    found = []
    for index, part in enumerate(parts):
        for prefix in dict.fromkeys(_split(name)[0] for name in part.channels):
            layer = _layer(index, part, prefix)
            if layer is not None:
                found.append(layer)
    return tuple(found)


def choose_layer(path: object, parts: Sequence[PartChannels], wanted: str | None = None) -> PictureLayer:
    """Return the layer that holds the picture.

    Without `wanted`, a layer with the name of a finished picture (none, rgba, beauty, combined and so on) is preferred,
    then one without a prefix, then the first; layers of data are left out. wanted: name of a layer, of a part, or of
    both with a dot between them; letter case does not matter. Raises InputError, which names `path`, if there is no
    such layer, or none that holds a picture.
    """
    layers = picture_layers(parts)
    if wanted is not None:
        return _wanted(path, parts, layers, wanted)
    pictures = [layer for layer in layers if not layer.is_data]
    if not pictures:
        raise InputError(
            f"{path}: expected a picture with the channels R, G and B, found {_found(parts)}; "
            + ("choose one of these layers with --exr-layer NAME" if layers else "render the picture too")
        )
    return min(pictures, key=lambda one: (one.label not in _FINISHED, bool(one.prefix), one.part))


def layer_note(path: object, parts: Sequence[PartChannels], wanted: str | None = None) -> str | None:
    """Return a message that names the chosen layer and the others, or None if a file holds only one picture."""
    chosen = choose_layer(path, parts, wanted)
    others = [layer.name for layer in picture_layers(parts) if layer != chosen and not layer.is_data]
    if not others and chosen.part == 0 and not chosen.prefix:
        return None
    where = f" in part {chosen.part + 1} of {len(parts)}" if len(parts) > 1 else ""
    advice = f"; --exr-layer picks another: {', '.join(others)}" if others else ""
    return f"{path}: the picture is the layer {chosen.name}{where}{advice}"


def _wanted(path: object, parts: Sequence[PartChannels], layers: Sequence[PictureLayer], wanted: str) -> PictureLayer:
    text = wanted.lower()
    for matches in (
        [layer for layer in layers if layer.name.lower() == text],
        [layer for layer in layers if parts[layer.part].name.lower() == text],
        [layer for layer in layers if layer.prefix.lower() == text or layer.label == text],
    ):
        if matches:
            return matches[0]
    names = ", ".join(layer.name for layer in layers) or "none"
    raise InputError(f"{path}: --exr-layer {wanted} holds no picture, expected one of {names}, found {_found(parts)}")


def _layer(index: int, part: PartChannels, prefix: str) -> PictureLayer | None:
    places = {_split(name)[1].lower(): place for place, name in enumerate(part.channels) if _split(name)[0] == prefix}
    colour = [next((places[name] for name in names if name in places), None) for names in _COLOURS]
    alpha = next((places[name] for name in _ALPHA if name in places), -1)
    luminance = next((places[name] for name in _LUMINANCE if name in places), None)
    name = ".".join(filter(None, (part.name, prefix))) or UNNAMED
    red, green, blue = colour
    if red is not None and green is not None and blue is not None:
        return PictureLayer(index, name, (red, green, blue), alpha, prefix)
    if luminance is not None and places.keys() <= {*_LUMINANCE, *_ALPHA}:
        return PictureLayer(index, name, (luminance, luminance, luminance), alpha, prefix)
    return None


def _split(channel: str) -> tuple[str, str]:
    """Split the name of a channel into its prefix and the rest."""
    prefix, _, name = channel.rpartition(".")
    return prefix, name


def _found(parts: Sequence[PartChannels]) -> str:
    names = [f"{part.name}.{channel}" if part.name else channel for part in parts for channel in part.channels]
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")

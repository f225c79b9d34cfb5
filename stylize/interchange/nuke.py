"""Script for Nuke (.nk), with Read nodes for all media, and a Switch between plate and result.

Colour spaces are set explicitly, in Nuke's colour management. Display-encoded files are sRGB in all formats, as in the
conversion to EXR. Mattes and passes are data. A matrix converts other primaries to Rec. 709, so that plate and result
match in linear light. Foregrounds are merged over the plate in display-encoded values, as in the run, because soft
edges would differ in linear light.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.interchange.timelines.timeline import Media, Timeline, script_path
from stylize.media.colour import BT709, Colour, primaries_matrix
from stylize.media.working_spaces import REC709, to_space
from stylize.visible_text import visible

_COLUMN, _ROW, _TOP = 160, 40, 160
_LAYERS = "layers"
_DATA = "data"
# Names of Nuke's readers that differ from the file suffix.
_READERS = {"tif": "tiff", "jpg": "jpeg"}


def nk_of(timeline: Timeline, passes: Sequence[Media] = (), *, colour: Colour = BT709, space: str = REC709,
          plate_space: str = REC709) -> str:  # fmt: skip
    """Return the text of the script.

    Frames keep their numbers. Movies start at the first frame number of the result. The frame range of the script
    excludes handles; those of the Read nodes include them. passes: media to read as data. colour: colour of
    display-encoded media. space, plate_space: working spaces of results and of plates that are EXR.
    """
    first = timeline.result.first + timeline.start - timeline.result.start
    last = first + timeline.count - 1
    root = _node(
        "Root", inputs=0, colorManagement="Nuke", OCIO_config="nuke-default",
        name=_quoted(visible(f"{timeline.name}.nk")), first_frame=first, last_frame=last,
        fps=f"{float(timeline.rate):.6f}",
        format=_format(timeline),
    )  # fmt: skip
    foregrounds = timeline.foregrounds
    displayed = [*foregrounds.layers, *([foregrounds.combined] if foregrounds.combined else [])]
    data = [*([replace(timeline.matte, name="matte")] if timeline.matte else []), *foregrounds.mattes, *passes]
    reads = [("plate", timeline.plate, _colour_space(timeline.plate, colour, plate_space))]
    reads += [
        (name, media, _colour_space(media, colour, space))
        for name, media in (("result", timeline.result), *_by_name(displayed))
    ]
    reads += [(name, media, (_DATA, None)) for name, media in _by_name(data)]
    nodes = [
        _read(timeline, name, media, column, colour_space) for column, (name, media, colour_space) in enumerate(reads)
    ]
    switch = _push("result", "plate") + _node(
        "Switch", inputs=2, which=1, name="plate_or_result", xpos=_COLUMN // 2, ypos=_TOP
    )
    viewer = _node("Viewer", name="Viewer1")
    if foregrounds.layers:
        nodes.append(_merge(foregrounds.layers, colour))
        # Inputs 1 and 2 of the viewer.
        switch += _set("plate_or_result")
        viewer = _push(_LAYERS, "plate_or_result") + _node("Viewer", inputs=2, name="Viewer1")
    return "\n".join(["#! Nuke", "version 13.0", root, *nodes, switch, viewer])


def _format(timeline: Timeline) -> str:
    """Return the format of all pictures: size, full area, pixel aspect ratio and name."""
    width, height = timeline.size
    aspect = f"{float(timeline.pixel_aspect):g}"
    return _quoted(f"{width} {height} 0 0 {width} {height} {aspect} {_node_name(timeline.name)}")


def _by_name(media: Sequence[Media]) -> list[tuple[str, Media]]:
    return [(one.name, one) for one in media]


def _merge(foregrounds: Sequence[Media], colour: Colour) -> str:
    """Return nodes that merge the foregrounds over the plate, from the lowest."""
    text = _display_encoded("plate", 0, False, colour)
    below = "plate_display"
    for column, layer in enumerate(foregrounds, 1):
        text += _display_encoded(layer.name, column, True, colour)
        # The first input is the background, which is pushed last.
        text += _push(f"{layer.name}_display", below)
        below = f"{layer.name}_over"
        text += _node(
            "Merge2", inputs=2, operation="over", name=_node_name(below), xpos=0, ypos=_TOP + _COLUMN * (column + 1)
        ) + _set(below)
    ypos = _TOP + _COLUMN * (len(foregrounds) + 2)
    text += _node("Colorspace", colorspace_in="sRGB", name=_LAYERS, xpos=0, ypos=ypos)
    if not colour.has_rec709_primaries:
        text += _matrix(primaries_matrix(colour, BT709), f"{_LAYERS}_rec709", 0, ypos + _ROW)
    return text + _set(_LAYERS)


def _display_encoded(name: str, column: int, premultiplied: bool, colour: Colour) -> str:
    """Return nodes that convert a Read to display-encoded values in the primaries of ``colour``.

    premultiplied: input and output are premultiplied.
    """
    xpos, ypos, text = column * _COLUMN, _TOP + _ROW, _push(name)
    if premultiplied:
        text += _node("Unpremult", name=_node_name(f"{name}_straight"), xpos=xpos, ypos=ypos)
    if not colour.has_rec709_primaries:
        text += _matrix(primaries_matrix(BT709, colour), f"{name}_own", xpos, ypos + _ROW)
    last = f"{name}_encoded" if premultiplied else f"{name}_display"
    text += _node("Colorspace", colorspace_out="sRGB", name=_node_name(last), xpos=xpos, ypos=ypos + 2 * _ROW)
    if premultiplied:
        text += _node("Premult", name=_node_name(f"{name}_display"), xpos=xpos, ypos=ypos + 3 * _ROW)
    return text + _set(f"{name}_display")


_ColourSpace = tuple[str, Floats | None]


def _colour_space(media: Media, colour: Colour, space: str) -> _ColourSpace:
    """Return Nuke's colour space of media, and the matrix to Rec. 709, or None if it has these primaries."""
    if media.file().suffix.lower() == ".exr":
        # The columns of OpenColorIO's matrix are the images of pure red, green and blue.
        return "linear", None if space == REC709 else to_space(np.eye(3, dtype=np.float32)[None], space, REC709)[0].T
    return "sRGB", None if colour.has_rec709_primaries else primaries_matrix(colour, BT709)


def _read(timeline: Timeline, name: str, media: Media, column: int, colour_space: _ColourSpace) -> str:
    # A movie starts at the first frame number of the result, except that a plate may have earlier frames.
    offset = timeline.result.start - media.start
    first, last = (media.first, media.first + media.count - 1) if media.pattern else (1, media.count)
    # Nuke has one reader for all movies.
    suffix = media.file().suffix.lstrip(".").lower()
    kind = "mov" if media.pattern is None else _READERS.get(suffix, suffix)
    knobs: dict[str, str | int] = {"file_type": kind, "file": _quoted(_file(media))}
    knobs |= {"first": first, "last": last, "origfirst": first, "origlast": last, "origset": "true"}
    knobs |= {"format": _format(timeline)}
    if media.pattern is None:
        knobs |= {"frame_mode": _quoted("start at"), "frame": timeline.result.first - offset}
    xpos = column * _COLUMN
    space, matrix = colour_space
    knobs |= {"raw": "true"} if space == _DATA else {"colorspace": space}
    read = _node("Read", inputs=0, **knobs, name=_node_name(name), xpos=xpos, ypos=0)
    if matrix is not None:
        read += _matrix(matrix, f"{name}_rec709", xpos, 60)
    if media.alpha == "straight":
        # Nuke's nodes expect premultiplied colour. EXR is premultiplied already.
        read += _node("Premult", name=f"{_node_name(name)}_premult", xpos=xpos, ypos=100)
    return read + _set(name).rstrip()


def _matrix(matrix: Floats, name: str, xpos: int, ypos: int) -> str:
    rows = " ".join("{" + " ".join(f"{value:.7g}" for value in row) + "}" for row in matrix.tolist())
    return _node("ColorMatrix", matrix=f"{{ {rows} }}", name=_node_name(name), xpos=xpos, ypos=ypos)


def _set(name: str) -> str:
    """Return a command that names the previous node, for use by `_push`."""
    return f"set N_{_node_name(name)} [stack 0]\n"


def _push(*names: str) -> str:
    """Return commands that push nodes as inputs of the next node. The last input must be pushed first."""
    return "".join(f"push $N_{_node_name(name)}\n" for name in names)


def _file(media: Media) -> str:
    if media.pattern is None:
        return script_path(media.path)
    # Nuke would interpret hashes in names, so the frame number is written as %0Nd.
    name = f"{media.pattern.prefix}%0{media.pattern.padding}d{media.pattern.suffix}"
    return script_path(Path(media.pattern.folder) / name)


def _node(kind: str, **knobs: str | int) -> str:
    return f"{kind} {{\n" + "".join(f" {name} {value}\n" for name, value in knobs.items()) + "}\n"


def _quoted(text: str) -> str:
    """Quote text as one Tcl word on one line. Control characters become octal escapes, which have a fixed length."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '\\"[]{}$;':
        return f"\\{character}"
    return f"\\{ord(character):03o}" if ord(character) < 0x20 or character == "\x7f" else character


def _node_name(text: str) -> str:
    """Return a valid node name, with only letters, digits and underscores."""
    word = "".join(character if character.isascii() and character.isalnum() else "_" for character in text)
    return word if word[:1].isalpha() else f"n_{word}"

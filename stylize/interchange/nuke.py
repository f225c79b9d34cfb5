"""Nuke: a script (.nk) with a Read for plate, result, mattes, foregrounds and passes, and a Switch to flip plate and
result.

Colours are said outright, in Nuke's own management: what is display-encoded is sRGB whatever the kind of file, as our
EXR are made from it; mattes and passes are data; and what is in other primaries goes through a matrix to those of
Rec. 709. So plate and result agree in linear light, pixel by pixel. Foregrounds are merged over the plate in the values
that are shown, as the run did it: in linear light soft edges would be others.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.interchange.timelines.timeline import Cut, Media
from stylize.media.colour import BT709, Colour, primaries_matrix
from stylize.media.working_spaces import REC709, to_space

_APART, _STEP, _LOW = 160, 40, 160
_LAYERS = "layers"
_DATA = "data"
# Readers of Nuke's that are not called as the files are.
_READERS = {"tif": "tiff", "jpg": "jpeg"}


def nk_of(cut: Cut, passes: Sequence[Media] = (), *, colour: Colour = BT709, space: str = REC709,
          plate_space: str = REC709) -> str:  # fmt: skip
    """The text of the script. Frames have their own numbers: a movie's begin where the result's do.

    The script's range leaves handles out; what is read has them. passes: data. colour: of what is display-encoded.
    space, plate_space: of results and of plates that are EXR.
    """
    first = cut.result.first + cut.start - cut.result.start
    last = first + cut.count - 1
    width, height = cut.size
    aspect = f"{float(cut.pixel_aspect):g}"
    root = _node(
        "Root", inputs=0, colorManagement="Nuke", OCIO_config="nuke-default",
        name=_quoted(f"{cut.name}.nk"), first_frame=first, last_frame=last,
        fps=f"{float(cut.rate):.6f}",
        format=_quoted(f"{width} {height} 0 0 {width} {height} {aspect} {_word(cut.name)}"),
    )  # fmt: skip
    fronts = cut.fronts
    shown = [*fronts.layers, *([fronts.together] if fronts.together else [])]
    data = [*([replace(cut.matte, name="matte")] if cut.matte else []), *fronts.mattes, *passes]
    reads = [("plate", cut.plate, _space(cut.plate, colour, plate_space))]
    reads += [(name, media, _space(media, colour, space)) for name, media in (("result", cut.result), *_named(shown))]
    reads += [(name, media, (_DATA, None)) for name, media in _named(data)]
    nodes = [_read(cut, name, media, place, means) for place, (name, media, means) in enumerate(reads)]
    switch = _pushed("result", "plate") + _node(
        "Switch", inputs=2, which=1, name="plate_or_result", xpos=_APART // 2, ypos=_LOW
    )
    viewer = _node("Viewer", name="Viewer1")
    if fronts.layers:
        nodes.append(_merged(fronts.layers, colour))
        # Keys 1 and 2 in the viewer.
        switch += _set("plate_or_result")
        viewer = _pushed(_LAYERS, "plate_or_result") + _node("Viewer", inputs=2, name="Viewer1")
    return "\n".join(["#! Nuke", "version 13.0", root, *nodes, switch, viewer])


def _named(media: Sequence[Media]) -> list[tuple[str, Media]]:
    return [(one.name, one) for one in media]


def _merged(fronts: Sequence[Media], colour: Colour) -> str:
    """The plate with the foregrounds over it, from the lowest to the uppermost."""
    text = _as_shown("plate", 0, False, colour)
    below = "plate_shown"
    for place, front in enumerate(fronts, 1):
        text += _as_shown(front.name, place, True, colour)
        # The first input is what lies below, and it is the last that is pushed.
        text += _pushed(f"{front.name}_shown", below)
        below = f"{front.name}_over"
        text += _node(
            "Merge2", inputs=2, operation="over", name=_word(below), xpos=0, ypos=_LOW + _APART * (place + 1)
        ) + _set(below)
    low = _LOW + _APART * (len(fronts) + 2)
    text += _node("Colorspace", colorspace_in="sRGB", name=_LAYERS, xpos=0, ypos=low)
    if not colour.has_rec709_primaries:
        text += _matrix(primaries_matrix(colour, BT709), f"{_LAYERS}_rec709", 0, low + _STEP)
    return text + _set(_LAYERS)


def _as_shown(name: str, place: int, cut_out: bool, colour: Colour) -> str:
    """What was read, in the values that are shown, in its own primaries. cut_out: alpha is multiplied in, and is so
    again."""
    apart, low, text = place * _APART, _LOW + _STEP, _pushed(name)
    if cut_out:
        text += _node("Unpremult", name=_word(f"{name}_straight"), xpos=apart, ypos=low)
    if not colour.has_rec709_primaries:
        text += _matrix(primaries_matrix(BT709, colour), f"{name}_own", apart, low + _STEP)
    last = f"{name}_encoded" if cut_out else f"{name}_shown"
    text += _node("Colorspace", colorspace_out="sRGB", name=_word(last), xpos=apart, ypos=low + 2 * _STEP)
    if cut_out:
        text += _node("Premult", name=_word(f"{name}_shown"), xpos=apart, ypos=low + 3 * _STEP)
    return text + _set(f"{name}_shown")


_Means = tuple[str, Floats | None]


def _space(media: Media, colour: Colour, space: str) -> _Means:
    """Nuke's name of what values are, and what brings them into the primaries of Rec. 709, if they are in others."""
    if media.file().suffix.lower() == ".exr":
        # As OpenColorIO has it: what red, green and blue alone go to.
        return "linear", None if space == REC709 else to_space(np.eye(3, dtype=np.float32)[None], space, REC709)[0].T
    return "sRGB", None if colour.has_rec709_primaries else primaries_matrix(colour, BT709)


def _read(cut: Cut, name: str, media: Media, place: int, means: _Means) -> str:
    # A movie is shown from the number of the result's first frame on; a plate may have frames before it.
    ahead = cut.result.start - media.start
    first, last = (media.first, media.first + media.count - 1) if media.pattern else (1, media.count)
    # One reader of Nuke's takes all movies.
    suffix = media.file().suffix.lstrip(".").lower()
    kind = "mov" if media.pattern is None else _READERS.get(suffix, suffix)
    knobs: dict[str, str | int] = {"file_type": kind, "file": _quoted(_file(media))}
    knobs |= {"first": first, "last": last, "origfirst": first, "origlast": last, "origset": "true"}
    if media.pattern is None:
        knobs |= {"frame_mode": _quoted("start at"), "frame": cut.result.first - ahead}
    apart = place * _APART
    space, matrix = means
    knobs |= {"raw": "true"} if space == _DATA else {"colorspace": space}
    read = _node("Read", inputs=0, **knobs, name=_word(name), xpos=apart, ypos=0)
    if matrix is not None:
        read += _matrix(matrix, f"{name}_rec709", apart, 60)
    if media.alpha == "straight":
        # All of Nuke's nodes expect colour that alpha is multiplied into; EXR comes so.
        read += _node("Premult", name=f"{_word(name)}_premult", xpos=apart, ypos=100)
    return read + _set(name).rstrip()


def _matrix(matrix: Floats, name: str, xpos: int, ypos: int) -> str:
    rows = " ".join("{" + " ".join(f"{value:.7g}" for value in row) + "}" for row in matrix.tolist())
    return _node("ColorMatrix", matrix=f"{{ {rows} }}", name=_word(name), xpos=xpos, ypos=ypos)


def _set(name: str) -> str:
    """Calls the node before it by a name to push it by."""
    return f"set N_{_word(name)} [stack 0]\n"


def _pushed(*names: str) -> str:
    """Puts nodes where the next one takes its inputs from, the last first."""
    return "".join(f"push $N_{_word(name)}\n" for name in names)


def _file(media: Media) -> str:
    if media.pattern is None:
        return media.path.as_posix()
    # Braces and hashes in names would be read as Nuke's own; the number of digits is exact.
    name = f"{media.pattern.prefix}%0{media.pattern.padding}d{media.pattern.suffix}"
    return (Path(media.pattern.folder) / name).as_posix()


def _node(kind: str, **knobs: str | int) -> str:
    return f"{kind} {{\n" + "".join(f" {name} {value}\n" for name, value in knobs.items()) + "}\n"


def _quoted(text: str) -> str:
    """A word of Tcl, whatever is in it."""
    escaped = "".join(f"\\{sign}" if sign in '\\"[]{}$;' else sign for sign in text)
    return f'"{escaped}"'


def _word(text: str) -> str:
    """A name of a node: letters, digits and underscores."""
    word = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in text)
    return word if word[:1].isalpha() else f"n_{word}"

"""Nuke: a script (.nk) with a Read for plate, result, matte and passes, and a Switch to flip plate and result."""

from collections.abc import Sequence
from pathlib import Path

from stylize.export.cut import Cut, Media

_APART = 160


def nk_of(cut: Cut, passes: Sequence[Media] = ()) -> str:
    """The text of the script. Frames have their own numbers: a movie's begin where the result's do.

    The script's range leaves handles out; what is read has them.
    """
    first = cut.result.first + cut.start - cut.result.start
    last = first + cut.count - 1
    width, height = cut.size
    aspect = f"{float(cut.pixel_aspect):g}"
    root = _node(
        "Root", inputs=0, name=_quoted(f"{cut.name}.nk"), first_frame=first, last_frame=last,
        fps=f"{float(cut.rate):.6f}",
        format=_quoted(f"{width} {height} 0 0 {width} {height} {aspect} {_word(cut.name)}"),
    )  # fmt: skip
    reads = [("plate", cut.plate), ("result", cut.result)]
    reads += [("matte", cut.matte)] if cut.matte else []
    reads += [(media.name, media) for media in passes]
    nodes = [_read(cut, name, media, place) for place, (name, media) in enumerate(reads)]
    flip = "".join(f"push $N_{_word(name)}\n" for name in ("result", "plate"))
    switch = _node("Switch", inputs=2, which=1, name="plate_or_result", xpos=_APART // 2, ypos=160)
    return "\n".join(["#! Nuke", "version 13.0", root, *nodes, flip + switch, _node("Viewer", name="Viewer1")])


def _read(cut: Cut, name: str, media: Media, place: int) -> str:
    # A movie is shown from the number of the result's first frame on; a plate may have frames before it.
    ahead = cut.result.start - media.start
    first, last = (media.first, media.first + media.count - 1) if media.pattern else (1, media.count)
    # One reader of Nuke's takes all movies.
    kind = "mov" if media.pattern is None else media.file().suffix.lstrip(".").lower()
    knobs: dict[str, str | int] = {"file_type": kind, "file": _quoted(_file(media))}
    knobs |= {"first": first, "last": last, "origfirst": first, "origlast": last, "origset": "true"}
    if media.pattern is None:
        knobs |= {"frame_mode": _quoted("start at"), "frame": cut.result.first - ahead}
    apart = place * _APART
    read = _node("Read", inputs=0, **knobs, name=_word(name), xpos=apart, ypos=0)
    if media.alpha == "straight":
        # All of Nuke's nodes expect colour that alpha is multiplied into; EXR comes so.
        read += _node("Premult", name=f"{_word(name)}_premult", xpos=apart, ypos=100)
    return f"{read}set N_{_word(name)} [stack 0]"


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

"""Final Cut Pro 7 XML (xmeml 5), with the plate on V1, the result on V2 and audio on A1.

Premiere, Resolve and Avid read this format. It cannot link numbered pictures, which are replaced by linked movies.
Characters that XML does not support are escaped in names (see `visible_text`). Paths are URLs that preserve all bytes.
"""

from dataclasses import dataclass
from fractions import Fraction
from xml.etree import ElementTree as Tree

from stylize.interchange.timelines.timeline import Event, Media, Timeline
from stylize.visible_text import visible


@dataclass(frozen=True)
class _Shape:
    """A pixel aspect ratio with a name. heights: of pictures. aspects: usual values, which standards round differently.

    anamorphic: pixels for 16:9 instead of 4:3.
    """

    name: str
    anamorphic: bool
    heights: tuple[int, ...]
    aspects: tuple[Fraction, ...]


_SHAPES = (
    _Shape("NTSC-601", False, (480, 486), (Fraction(10, 11), Fraction(8, 9))),
    _Shape("NTSC-601", True, (480, 486), (Fraction(40, 33), Fraction(32, 27))),
    _Shape("PAL-601", False, (576,), (Fraction(12, 11), Fraction(16, 15))),
    _Shape("PAL-601", True, (576,), (Fraction(16, 11), Fraction(64, 45))),
    _Shape("HD-(960x720)", False, (720,), (Fraction(4, 3),)),
    _Shape("HD-(1440x1080)", False, (1080,), (Fraction(4, 3),)),
    _Shape("HD-(1280x1080)", False, (1080,), (Fraction(3, 2),)),
)
_SAME_ASPECT = 0.006


def xmeml_of(timeline: Timeline) -> str:
    """Return the text of an .xml file. Raises ValueError if plate or result is a sequence of pictures."""
    if timeline.plate.pattern is not None or timeline.result.pattern is not None:
        raise ValueError("FCP7 XML can link only movies, but the plate or the result is a picture sequence")
    root = Tree.Element("xmeml", version="5")
    sequence = Tree.SubElement(root, "sequence", id=visible(timeline.name))
    _text(sequence, name=timeline.name, duration=timeline.count)
    _rate(sequence, timeline)
    _timecode(sequence, timeline, timeline.start)
    media = Tree.SubElement(sequence, "media")
    video = Tree.SubElement(media, "video")
    _characteristics(Tree.SubElement(video, "format"), timeline)
    described: set[str] = set()
    for track_media in (timeline.plate, timeline.result):
        track = Tree.SubElement(video, "track")
        for event in timeline.events:
            _clip(track, timeline, track_media, event, "video", described)
    if timeline.sound is not None:
        track = Tree.SubElement(Tree.SubElement(media, "audio"), "track")
        for event in timeline.events:
            _clip(track, timeline, timeline.sound, event, "audio", described)
    Tree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{Tree.tostring(root, encoding="unicode")}\n'


def pixel_shape(timeline: Timeline) -> tuple[str, bool] | None:
    """Return the format's name of the pixel aspect ratio, and whether it is the wide variant (`anamorphic`).

    The format has names only for video formats. None for other aspects, such as 2 of an anamorphic lens: programs then
    use the aspect that the files declare.
    """
    height, aspect = timeline.size[1], timeline.pixel_aspect
    if aspect == 1:
        return "square", False
    for shape in _SHAPES:
        if height in shape.heights and any(abs(aspect / known - 1) < _SAME_ASPECT for known in shape.aspects):
            return shape.name, shape.anamorphic
    return None


def _clip(track: Tree.Element, timeline: Timeline, media: Media, event: Event, kind: str, described: set[str]) -> None:
    begin = event.plate_in if media is timeline.plate else event.result_in
    item = Tree.SubElement(track, "clipitem", id=visible(f"{event.name} {media.name} {kind}"))
    _text(item, name=event.name, enabled="TRUE", duration=media.count)
    _rate(item, timeline)
    _text(item, start=event.at, end=event.at + event.count)
    item_in = {"in": begin, "out": begin + event.count}
    _text(item, **item_in)
    if media.alpha:
        _text(item, alphatype=media.alpha)
    _file(item, timeline, media, described)
    source = Tree.SubElement(item, "sourcetrack")
    _text(source, mediatype=kind)
    for key in event.keys if kind == "video" else ():
        marker = Tree.SubElement(item, "marker")
        at: dict[str, str | int] = {"name": f"key {key}", "in": begin + key - event.number, "out": -1}
        _text(marker, **at)
    for remark in event.remarks if kind == "video" else ():
        marker = Tree.SubElement(item, "marker")
        noted: dict[str, str | int] = {"comment": remark.line, "in": begin + remark.frame - event.number, "out": -1}
        _text(marker, name=f"note {remark.number}", **noted)


def _file(item: Tree.Element, timeline: Timeline, media: Media, described: set[str]) -> None:
    """Add a file. Only its first occurrence includes the description; later ones refer to its ID."""
    file = Tree.SubElement(item, "file", id=visible(media.name))
    if media.name in described:
        return
    described.add(media.name)
    # Python writes an empty host; Premiere and Final Cut write localhost.
    _text(file, name=media.path.name, pathurl=media.path.as_uri().replace("file:///", "file://localhost/", 1))
    _rate(file, timeline)
    _text(file, duration=media.count)
    _timecode(file, timeline, media.start)
    file_media = Tree.SubElement(file, "media")
    _characteristics(Tree.SubElement(file_media, "video"), timeline)
    if media.sound:
        _text(Tree.SubElement(file_media, "audio"), channelcount=sum(media.sound))


def _characteristics(parent: Tree.Element, timeline: Timeline) -> None:
    characteristics = Tree.SubElement(parent, "samplecharacteristics")
    _rate(characteristics, timeline)
    _text(characteristics, width=timeline.size[0], height=timeline.size[1])
    if shape := pixel_shape(timeline):
        name, anamorphic = shape
        _text(characteristics, anamorphic="TRUE" if anamorphic else "FALSE", pixelaspectratio=name)


def _rate(parent: Tree.Element, timeline: Timeline) -> None:
    rate = Tree.SubElement(parent, "rate")
    _text(rate, timebase=round(timeline.rate), ntsc="FALSE" if timeline.rate.denominator == 1 else "TRUE")


def _timecode(parent: Tree.Element, timeline: Timeline, frame: int) -> None:
    code = Tree.SubElement(parent, "timecode")
    _rate(code, timeline)
    _text(code, string=timeline.timecode(frame), frame=frame, displayformat="DF" if timeline.drop_frame else "NDF")


def _text(parent: Tree.Element, **values: str | int) -> None:
    for name, value in values.items():
        Tree.SubElement(parent, name).text = visible(str(value))

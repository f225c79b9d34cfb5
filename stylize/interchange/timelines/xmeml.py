"""Final Cut Pro 7's XML (xmeml 5), which Premiere, Resolve and Avid read: plate on V1, result on V2, sound on A1.

It names movies; pictures that are numbered have no place in it, so that movies stand for them.
"""

from xml.etree import ElementTree as Tree

from stylize.interchange.timelines.timeline import Cut, Event, Media


def xmeml_of(cut: Cut) -> str:
    """The text of an .xml file. Raises ValueError where plate or result are pictures."""
    if cut.plate.pattern is not None or cut.result.pattern is not None:
        raise ValueError("FCP7 XML names movies, and the plate or the result is pictures")
    root = Tree.Element("xmeml", version="5")
    sequence = Tree.SubElement(root, "sequence", id=cut.name)
    _text(sequence, name=cut.name, duration=cut.count)
    _rate(sequence, cut)
    _timecode(sequence, cut, cut.start)
    media = Tree.SubElement(sequence, "media")
    video = Tree.SubElement(media, "video")
    _characteristics(Tree.SubElement(video, "format"), cut)
    described: set[str] = set()
    for shown in (cut.plate, cut.result):
        track = Tree.SubElement(video, "track")
        for event in cut.events:
            _clip(track, cut, shown, event, "video", described)
    if cut.plate.sound:
        track = Tree.SubElement(Tree.SubElement(media, "audio"), "track")
        for event in cut.events:
            _clip(track, cut, cut.plate, event, "audio", described)
    Tree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{Tree.tostring(root, encoding="unicode")}\n'


def _clip(track: Tree.Element, cut: Cut, media: Media, event: Event, kind: str, described: set[str]) -> None:
    begin = event.plate_in if media is cut.plate else event.result_in
    item = Tree.SubElement(track, "clipitem", id=f"{event.name} {media.name} {kind}")
    _text(item, name=event.name, enabled="TRUE", duration=media.count)
    _rate(item, cut)
    _text(item, start=event.at, end=event.at + event.count)
    item_in = {"in": begin, "out": begin + event.count}
    _text(item, **item_in)
    if media.alpha:
        _text(item, alphatype=media.alpha)
    _file(item, cut, media, described)
    source = Tree.SubElement(item, "sourcetrack")
    _text(source, mediatype=kind)
    for key in event.keys if kind == "video" else ():
        marker = Tree.SubElement(item, "marker")
        at: dict[str, str | int] = {"name": f"key {key}", "in": begin + key - event.number, "out": -1}
        _text(marker, **at)


def _file(item: Tree.Element, cut: Cut, media: Media, described: set[str]) -> None:
    """A file is described where it is first named; later it is only named."""
    file = Tree.SubElement(item, "file", id=media.name)
    if media.name in described:
        return
    described.add(media.name)
    # An empty host is what Python writes; Premiere and Final Cut name it.
    _text(file, name=media.path.name, pathurl=media.path.as_uri().replace("file:///", "file://localhost/"))
    _rate(file, cut)
    _text(file, duration=media.count)
    _timecode(file, cut, media.start)
    holds = Tree.SubElement(file, "media")
    _characteristics(Tree.SubElement(holds, "video"), cut)
    if media.sound:
        Tree.SubElement(holds, "audio")


def _characteristics(parent: Tree.Element, cut: Cut) -> None:
    found = Tree.SubElement(parent, "samplecharacteristics")
    _rate(found, cut)
    _text(found, width=cut.size[0], height=cut.size[1], anamorphic="FALSE")
    _text(found, pixelaspectratio="square" if cut.pixel_aspect == 1 else f"{float(cut.pixel_aspect):g}")


def _rate(parent: Tree.Element, cut: Cut) -> None:
    rate = Tree.SubElement(parent, "rate")
    _text(rate, timebase=round(cut.rate), ntsc="FALSE" if cut.rate.denominator == 1 else "TRUE")


def _timecode(parent: Tree.Element, cut: Cut, frame: int) -> None:
    code = Tree.SubElement(parent, "timecode")
    _rate(code, cut)
    _text(code, string=cut.timecode(frame), frame=frame, displayformat="DF" if cut.drop else "NDF")


def _text(parent: Tree.Element, **values: str | int) -> None:
    for name, value in values.items():
        Tree.SubElement(parent, name).text = str(value)

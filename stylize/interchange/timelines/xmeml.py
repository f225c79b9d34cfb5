"""Final Cut Pro 7's XML (xmeml 5), which Premiere, Resolve and Avid read: plate on V1, result on V2, sound on A1.

The format names movies but no numbered pictures, which are replaced by linked movies.
"""

from xml.etree import ElementTree as Tree

from stylize.interchange.timelines.timeline import Event, Media, Timeline


def xmeml_of(timeline: Timeline) -> str:
    """Return the text of an .xml file. Raises ValueError if plate or result are pictures."""
    if timeline.plate.pattern is not None or timeline.result.pattern is not None:
        raise ValueError("FCP7 XML names movies, and the plate or the result is pictures")
    root = Tree.Element("xmeml", version="5")
    sequence = Tree.SubElement(root, "sequence", id=timeline.name)
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
    if timeline.plate.sound:
        track = Tree.SubElement(Tree.SubElement(media, "audio"), "track")
        for event in timeline.events:
            _clip(track, timeline, timeline.plate, event, "audio", described)
    Tree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{Tree.tostring(root, encoding="unicode")}\n'


def _clip(track: Tree.Element, timeline: Timeline, media: Media, event: Event, kind: str, described: set[str]) -> None:
    begin = event.plate_in if media is timeline.plate else event.result_in
    item = Tree.SubElement(track, "clipitem", id=f"{event.name} {media.name} {kind}")
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


def _file(item: Tree.Element, timeline: Timeline, media: Media, described: set[str]) -> None:
    """Add a file: its first occurrence has the description, later ones only the name."""
    file = Tree.SubElement(item, "file", id=media.name)
    if media.name in described:
        return
    described.add(media.name)
    # Python writes an empty host; Premiere and Final Cut write localhost.
    _text(file, name=media.path.name, pathurl=media.path.as_uri().replace("file:///", "file://localhost/"))
    _rate(file, timeline)
    _text(file, duration=media.count)
    _timecode(file, timeline, media.start)
    file_media = Tree.SubElement(file, "media")
    _characteristics(Tree.SubElement(file_media, "video"), timeline)
    if media.sound:
        Tree.SubElement(file_media, "audio")


def _characteristics(parent: Tree.Element, timeline: Timeline) -> None:
    characteristics = Tree.SubElement(parent, "samplecharacteristics")
    _rate(characteristics, timeline)
    _text(characteristics, width=timeline.size[0], height=timeline.size[1], anamorphic="FALSE")
    _text(
        characteristics,
        pixelaspectratio="square" if timeline.pixel_aspect == 1 else f"{float(timeline.pixel_aspect):g}",
    )


def _rate(parent: Tree.Element, timeline: Timeline) -> None:
    rate = Tree.SubElement(parent, "rate")
    _text(rate, timebase=round(timeline.rate), ntsc="FALSE" if timeline.rate.denominator == 1 else "TRUE")


def _timecode(parent: Tree.Element, timeline: Timeline, frame: int) -> None:
    code = Tree.SubElement(parent, "timecode")
    _rate(code, timeline)
    _text(code, string=timeline.timecode(frame), frame=frame, displayformat="DF" if timeline.drop_frame else "NDF")


def _text(parent: Tree.Element, **values: str | int) -> None:
    for name, value in values.items():
        Tree.SubElement(parent, name).text = str(value)

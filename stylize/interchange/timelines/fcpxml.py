"""Final Cut Pro XML (FCPXML 1.8), with the plate on the primary storyline and the result connected above it.

Sound is that of the plate; of the result, whose movie has the same sound, only the picture is used.
Characters that XML does not support are escaped in names (see `visible_text`). Paths are URLs that preserve all bytes.
"""

from fractions import Fraction
from xml.etree import ElementTree as Tree

from stylize.interchange.timelines.timeline import Event, Media, Timeline
from stylize.visible_text import visible


def fcpxml_of(timeline: Timeline) -> str:
    """Return the text of an .fcpxml file. Raises ValueError if plate or result are pictures, which it cannot link."""
    if timeline.plate.pattern is not None or timeline.result.pattern is not None:
        raise ValueError("FCPXML can link only movies, but the plate or the result is a picture sequence")
    root, title = Tree.Element("fcpxml", version="1.8"), visible(timeline.name)
    resources = Tree.SubElement(root, "resources")
    Tree.SubElement(resources, "format", _format(timeline, title))
    for number, media in enumerate((timeline.plate, timeline.result), 2):
        _asset(resources, timeline, media, f"r{number}")
    event = Tree.SubElement(Tree.SubElement(root, "library"), "event", name=title)
    project = Tree.SubElement(event, "project", name=title)
    sequence = Tree.SubElement(
        project, "sequence", format="r1", duration=_time(timeline, timeline.count),
        tcStart=_time(timeline, timeline.start), tcFormat="DF" if timeline.drop_frame else "NDF",
    )  # fmt: skip
    spine = Tree.SubElement(sequence, "spine")
    for shot in timeline.events:
        _clips(spine, timeline, shot)
    Tree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{Tree.tostring(root, encoding="unicode")}\n'


def _format(timeline: Timeline, title: str) -> dict[str, str]:
    """Return the attributes of the format of all media. Pixels that are not square have a width and a height."""
    width, height = timeline.size
    attributes = {
        "id": "r1", "name": f"FFVideoFormat_{title}", "frameDuration": _time(timeline, 1), "width": str(width),
        "height": str(height),
    }  # fmt: skip
    aspect = timeline.pixel_aspect
    shape = {} if aspect == 1 else {"paspH": str(aspect.numerator), "paspV": str(aspect.denominator)}
    return attributes | shape


def _asset(resources: Tree.Element, timeline: Timeline, media: Media, identity: str) -> None:
    asset = {
        "id": identity,
        "name": visible(media.name),
        "src": media.path.as_uri(),
        "start": _time(timeline, media.start),
        "duration": _time(timeline, media.count),
        "hasVideo": "1",
        "format": "r1",
    }
    # Channels are counted per source; the largest track counts where they differ.
    sound = media.sound and {"audioSources": str(len(media.sound)), "audioChannels": str(max(media.sound))}
    Tree.SubElement(resources, "asset", asset | ({"hasAudio": "1"} | sound if sound else {}))


def _clips(spine: Tree.Element, timeline: Timeline, event: Event) -> None:
    plate_in = timeline.plate.start + event.plate_in
    shared = {
        "name": visible(event.name),
        "duration": _time(timeline, event.count),
        "format": "r1",
        "tcFormat": "DF" if timeline.drop_frame else "NDF",
    }
    below = {"ref": "r2", "offset": _time(timeline, timeline.start + event.at), "start": _time(timeline, plate_in)}
    lower = Tree.SubElement(spine, "asset-clip", below | shared)
    # The offset of a connected clip is relative to the time of the clip below it.
    start = _time(timeline, timeline.result.start + event.result_in)
    above = {"ref": "r3", "lane": "1", "offset": _time(timeline, plate_in), "start": start}
    if timeline.result.sound:
        above["srcEnable"] = "video"
    Tree.SubElement(lower, "asset-clip", above | shared)
    for key in event.keys:
        at = _time(timeline, plate_in + key - event.number)
        Tree.SubElement(lower, "marker", start=at, duration=_time(timeline, 1), value=f"key {key}")
    for remark in event.remarks:
        at = _time(timeline, plate_in + remark.frame - event.number)
        Tree.SubElement(lower, "marker", start=at, duration=_time(timeline, 1), value=remark.line)


def _time(timeline: Timeline, frames: int) -> str:
    """Return a number of frames in seconds, as a fraction whose denominator is the numerator of the rate."""
    seconds = Fraction(frames) / timeline.rate
    count = seconds * timeline.rate.numerator
    return "0s" if not frames else f"{count.numerator}/{timeline.rate.numerator}s"

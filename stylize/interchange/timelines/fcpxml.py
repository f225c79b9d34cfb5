"""Final Cut Pro X's XML (1.8): the plate on the primary storyline, the result connected above it."""

from fractions import Fraction
from xml.etree import ElementTree as Tree

from stylize.interchange.timelines.timeline import Event, Media, Timeline


def fcpxml_of(timeline: Timeline) -> str:
    """Return the text of an .fcpxml file. Raises ValueError if plate or result are pictures: it cannot name them."""
    if timeline.plate.pattern is not None or timeline.result.pattern is not None:
        raise ValueError("FCPXML names movies, and the plate or the result is pictures")
    root = Tree.Element("fcpxml", version="1.8")
    resources = Tree.SubElement(root, "resources")
    width, height = map(str, timeline.size)
    Tree.SubElement(
        resources, "format", id="r1", name=f"FFVideoFormat_{timeline.name}", frameDuration=_time(timeline, 1),
        width=width, height=height,
    )  # fmt: skip
    for number, media in enumerate((timeline.plate, timeline.result), 2):
        _asset(resources, timeline, media, f"r{number}")
    event = Tree.SubElement(Tree.SubElement(root, "library"), "event", name=timeline.name)
    project = Tree.SubElement(event, "project", name=timeline.name)
    sequence = Tree.SubElement(
        project, "sequence", format="r1", duration=_time(timeline, timeline.count),
        tcStart=_time(timeline, timeline.start), tcFormat="DF" if timeline.drop_frame else "NDF",
    )  # fmt: skip
    spine = Tree.SubElement(sequence, "spine")
    for shot in timeline.events:
        _clips(spine, timeline, shot)
    Tree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{Tree.tostring(root, encoding="unicode")}\n'


def _asset(resources: Tree.Element, timeline: Timeline, media: Media, identity: str) -> None:
    asset = {
        "id": identity,
        "name": media.name,
        "src": media.path.as_uri(),
        "start": _time(timeline, media.start),
        "duration": _time(timeline, media.count),
        "hasVideo": "1",
        "format": "r1",
    }
    audio = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2"} if media.sound else {}
    Tree.SubElement(resources, "asset", asset | audio)


def _clips(spine: Tree.Element, timeline: Timeline, event: Event) -> None:
    plate_in = timeline.plate.start + event.plate_in
    shared = {
        "name": event.name,
        "duration": _time(timeline, event.count),
        "format": "r1",
        "tcFormat": "DF" if timeline.drop_frame else "NDF",
    }
    below = {"ref": "r2", "offset": _time(timeline, timeline.start + event.at), "start": _time(timeline, plate_in)}
    lower = Tree.SubElement(spine, "asset-clip", below | shared)
    # A connected clip gives its position in the time of the clip below it.
    start = _time(timeline, timeline.result.start + event.result_in)
    above = {"ref": "r3", "lane": "1", "offset": _time(timeline, plate_in), "start": start}
    Tree.SubElement(lower, "asset-clip", above | shared)
    for key in event.keys:
        at = _time(timeline, plate_in + key - event.number)
        Tree.SubElement(lower, "marker", start=at, duration=_time(timeline, 1), value=f"key {key}")


def _time(timeline: Timeline, frames: int) -> str:
    """Return seconds as a fraction over the denominator of the rate, as the format requires."""
    seconds = Fraction(frames) / timeline.rate
    count = seconds * timeline.rate.numerator
    return "0s" if not frames else f"{count.numerator}/{timeline.rate.numerator}s"

"""Final Cut Pro X's XML (1.8): the plate on the primary storyline, the result connected above it."""

from fractions import Fraction
from xml.etree import ElementTree as Tree

from stylize.interchange.timelines.timeline import Cut, Event, Media


def fcpxml_of(cut: Cut) -> str:
    """The text of an .fcpxml file. Raises ValueError where plate or result are pictures, which it cannot name."""
    if cut.plate.pattern is not None or cut.result.pattern is not None:
        raise ValueError("FCPXML names movies, and the plate or the result is pictures")
    root = Tree.Element("fcpxml", version="1.8")
    resources = Tree.SubElement(root, "resources")
    width, height = map(str, cut.size)
    Tree.SubElement(
        resources, "format", id="r1", name=f"FFVideoFormat_{cut.name}", frameDuration=_time(cut, 1),
        width=width, height=height,
    )  # fmt: skip
    for number, media in enumerate((cut.plate, cut.result), 2):
        _asset(resources, cut, media, f"r{number}")
    event = Tree.SubElement(Tree.SubElement(root, "library"), "event", name=cut.name)
    project = Tree.SubElement(event, "project", name=cut.name)
    sequence = Tree.SubElement(
        project, "sequence", format="r1", duration=_time(cut, cut.count),
        tcStart=_time(cut, cut.start), tcFormat="DF" if cut.drop else "NDF",
    )  # fmt: skip
    spine = Tree.SubElement(sequence, "spine")
    for shown in cut.events:
        _clips(spine, cut, shown)
    Tree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{Tree.tostring(root, encoding="unicode")}\n'


def _asset(resources: Tree.Element, cut: Cut, media: Media, identity: str) -> None:
    asset = {
        "id": identity,
        "name": media.name,
        "src": media.path.as_uri(),
        "start": _time(cut, media.start),
        "duration": _time(cut, media.count),
        "hasVideo": "1",
        "format": "r1",
    }
    heard = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2"} if media.sound else {}
    Tree.SubElement(resources, "asset", asset | heard)


def _clips(spine: Tree.Element, cut: Cut, event: Event) -> None:
    plate_in = cut.plate.start + event.plate_in
    shared = {
        "name": event.name,
        "duration": _time(cut, event.count),
        "format": "r1",
        "tcFormat": "DF" if cut.drop else "NDF",
    }
    below = {"ref": "r2", "offset": _time(cut, cut.start + event.at), "start": _time(cut, plate_in)}
    lower = Tree.SubElement(spine, "asset-clip", below | shared)
    # What is connected says its place in the time of the clip below it.
    start = _time(cut, cut.result.start + event.result_in)
    above = {"ref": "r3", "lane": "1", "offset": _time(cut, plate_in), "start": start}
    Tree.SubElement(lower, "asset-clip", above | shared)
    for key in event.keys:
        at = _time(cut, plate_in + key - event.number)
        Tree.SubElement(lower, "marker", start=at, duration=_time(cut, 1), value=f"key {key}")


def _time(cut: Cut, frames: int) -> str:
    """Seconds as a fraction, over the denominator of the rate, as the format wants them."""
    seconds = Fraction(frames) / cut.rate
    count = seconds * cut.rate.numerator
    return "0s" if not frames else f"{count.numerator}/{cut.rate.numerator}s"

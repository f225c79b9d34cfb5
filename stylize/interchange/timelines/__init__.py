"""Timelines of all shots: one file a format, and the table of them. Every one is text that is made here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from stylize.interchange.timelines.edl import edl_of
from stylize.interchange.timelines.fcpxml import fcpxml_of
from stylize.interchange.timelines.otio import otio_of
from stylize.interchange.timelines.timeline import Timeline
from stylize.interchange.timelines.xmeml import xmeml_of

# What is asked for -> the ends of the files' names, and what makes the text of each.
TIMELINES: Mapping[str, Mapping[str, Callable[[Timeline], str]]] = MappingProxyType(
    {
        "otio": {".otio": otio_of},
        "xml": {".xml": xmeml_of},
        "fcpxml": {".fcpxml": fcpxml_of},
        # An edit decision list has one track of pictures.
        "edl": {
            ".edl": lambda timeline: edl_of(timeline, "result"),
            "_plate.edl": lambda timeline: edl_of(timeline, "plate"),
        },
    }
)

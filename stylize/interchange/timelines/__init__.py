"""Timelines of all shots: one module per format, and the table of formats. All of them are text."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from stylize.interchange.timelines.edl import edl_of
from stylize.interchange.timelines.fcpxml import fcpxml_of
from stylize.interchange.timelines.otio import otio_of
from stylize.interchange.timelines.timeline import Timeline
from stylize.interchange.timelines.xmeml import xmeml_of

# Export format -> file name endings, and the function that makes the text of each.
TIMELINES: Mapping[str, Mapping[str, Callable[[Timeline], str]]] = MappingProxyType(
    {
        "otio": {".otio": otio_of},
        "xml": {".xml": xmeml_of},
        "fcpxml": {".fcpxml": fcpxml_of},
        # An edit decision list has one video track.
        "edl": {
            ".edl": lambda timeline: edl_of(timeline, "result"),
            "_plate.edl": lambda timeline: edl_of(timeline, "plate"),
        },
    }
)

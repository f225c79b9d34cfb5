"""Timelines of all shots, with one module per text format."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from stylize.interchange.timelines.edl import edl_of
from stylize.interchange.timelines.fcpxml import fcpxml_of
from stylize.interchange.timelines.otio import otio_of
from stylize.interchange.timelines.timeline import Timeline
from stylize.interchange.timelines.xmeml import xmeml_of

# Export format to its file name endings and the function that returns the text of each file.
TIMELINES: Mapping[str, Mapping[str, Callable[[Timeline], str]]] = MappingProxyType(
    {
        "otio": {".otio": otio_of},
        "xml": {".xml": xmeml_of},
        "fcpxml": {".fcpxml": fcpxml_of},
        # An EDL has a single video track, so plate and result are separate files.
        "edl": {
            ".edl": lambda timeline: edl_of(timeline, "result"),
            "_plate.edl": lambda timeline: edl_of(timeline, "plate"),
        },
    }
)

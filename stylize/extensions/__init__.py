"""Extension points: registrations of renderers, flow estimators, exporters and segmenters.

See docs/development/extensions.md for how to write an extension in a separate distribution.
"""

from stylize.extensions.options import ExtensionOption, ExtensionOptions, NoOptions, option
from stylize.extensions.registrations import (
    ExporterRegistration,
    FlowRegistration,
    Registration,
    RendererRegistration,
    SegmenterRegistration,
)

__all__ = [
    "ExporterRegistration",
    "ExtensionOption",
    "ExtensionOptions",
    "FlowRegistration",
    "NoOptions",
    "Registration",
    "RendererRegistration",
    "SegmenterRegistration",
    "option",
]

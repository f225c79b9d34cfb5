"""Messages about the colour of pictures that are converted, or whose colour profile cannot be used."""

from pathlib import Path

from stylize.media.colour import Colour
from stylize.media.images import ImageInfo, image_info


def colour_report(path: Path, colour: Colour) -> str | None:
    """Return what reading a picture in `colour` converts or ignores; None if nothing. Raises InputError."""
    return report_of(path, image_info(path), colour)


def report_of(path: Path, info: ImageInfo, colour: Colour) -> str | None:
    """Return the message for a picture whose properties are known; see `colour_report`."""
    if info.fault:
        return f"{path}: {info.fault}; convert the picture if that matters"
    if info.profile:
        return f"{path}: converted from its colour profile, {info.profile}, to {colour.name}"
    if info.tagged and info.colour.primaries != colour.primaries:
        return f"{path}: converted from {info.colour.name} to {colour.name}"
    return None

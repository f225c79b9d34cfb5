"""Opening of footage as the options of reading request, and what there is to report about it."""

from fractions import Fraction
from pathlib import Path

from stylize.limits import allow_megapixels
from stylize.media.images import picture_layer_note
from stylize.media.opening import open_shot
from stylize.media.shot import Shot
from stylize.reporter import OnMessage
from stylize.settings.reading_options import ReadingSettings


def open_footage(
    path: Path, settings: ReadingSettings, *, frames: str | None = None, rate: Fraction | None = None
) -> Shot:
    """Open a shot with all options of reading. frames, rate: as of `open_shot`, whose errors it raises."""
    allow_megapixels(settings.max_megapixels)
    return open_shot(
        path,
        frames=frames,
        rate=rate,
        start_number=settings.start_number,
        strict=settings.strict,
        layer=settings.exr_layer,
        tonemap=settings.tonemap,
        deinterlace=settings.deinterlace,
        alpha=settings.alpha,
    )


def report_footage(shot: Shot, message: OnMessage) -> None:
    """Report the layer that holds the picture, the conversion of its range, and warnings."""
    pictures = shot.files or shot.sources
    if pictures and (note := picture_layer_note(pictures[0], shot.layer)):
        message(note)
    if shot.tonemap is not None:
        message(shot.tonemap.text)
    for warning in shot.warnings:
        message(f"warning: {warning}")

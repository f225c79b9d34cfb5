"""CMX 3600 edit decision lists, the simplest timelines: one track, time codes and names."""

import re
from typing import Literal

from stylize.interchange.timelines.timeline import Event, Media, Timeline

# Maximum length of a reel name.
_REEL = 8


def edl_of(timeline: Timeline, which: Literal["plate", "result"]) -> str:
    """Return the text of an .edl file with the plate or the result of every shot."""
    media = timeline.plate if which == "plate" else timeline.result
    mode = "DROP FRAME" if timeline.drop_frame else "NON-DROP FRAME"
    lines = [f"TITLE: {_plain(timeline.name)}_{which}", f"FCM: {mode}", ""]
    for number, event in enumerate(timeline.events, 1):
        lines += _event(timeline, media, event, number)
    return "\n".join(lines) + "\n"


def _event(timeline: Timeline, media: Media, event: Event, number: int) -> list[str]:
    begin = media.start + (event.plate_in if media is timeline.plate else event.result_in)
    record_in = timeline.start + event.at
    times = (begin, begin + event.count, record_in, record_in + event.count)
    reel = re.sub(r"[^A-Z0-9]", "", media.name.upper())[:_REEL] or "AX"
    return [
        f"{number:03d}  {reel:<8} V     C        {' '.join(map(timeline.timecode, times))}",
        f"* FROM CLIP NAME: {_plain(event.name)}",
        f"* SOURCE FILE: {media.file().name}",
        *(f"* LOC: {timeline.timecode(record_in + key - event.number)} YELLOW  key {key}" for key in event.keys),
        "",
    ]


def _plain(text: str) -> str:
    """Remove line breaks, which would end the comment."""
    return " ".join(text.split())

"""CMX 3600 edit decision lists, the plainest of timelines: one track, time codes and names."""

import re
from typing import Literal

from stylize.interchange.timelines.timeline import Cut, Event, Media

# Letters that a reel may have.
_REEL = 8


def edl_of(cut: Cut, which: Literal["plate", "result"]) -> str:
    """The text of an .edl file with the plate or the result of every shot."""
    media = cut.plate if which == "plate" else cut.result
    mode = "DROP FRAME" if cut.drop else "NON-DROP FRAME"
    lines = [f"TITLE: {_plain(cut.name)}_{which}", f"FCM: {mode}", ""]
    for number, event in enumerate(cut.events, 1):
        lines += _event(cut, media, event, number)
    return "\n".join(lines) + "\n"


def _event(cut: Cut, media: Media, event: Event, number: int) -> list[str]:
    begin = media.start + (event.plate_in if media is cut.plate else event.result_in)
    placed = cut.start + event.at
    times = (begin, begin + event.count, placed, placed + event.count)
    reel = re.sub(r"[^A-Z0-9]", "", media.name.upper())[:_REEL] or "AX"
    return [
        f"{number:03d}  {reel:<8} V     C        {' '.join(map(cut.timecode, times))}",
        f"* FROM CLIP NAME: {_plain(event.name)}",
        f"* SOURCE FILE: {media.file().name}",
        *(f"* LOC: {cut.timecode(placed + key - event.number)} YELLOW  key {key}" for key in event.keys),
        "",
    ]


def _plain(text: str) -> str:
    """Without line breaks, which would end the comment."""
    return " ".join(text.split())

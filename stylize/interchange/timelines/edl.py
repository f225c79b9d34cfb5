"""Edit decision lists (CMX 3600), with one track, timecodes and names.

The format has no quoting. Names are therefore at the end of comments, where readers do not interpret them as events,
and line breaks are escaped (see `visible_text`).
"""

import re
from typing import Literal

from stylize.interchange.timelines.timeline import Event, Media, Timeline
from stylize.visible_text import visible

# Maximum length of a reel name.
_REEL = 8


def edl_of(timeline: Timeline, which: Literal["plate", "result"]) -> str:
    """Return the text of an .edl file with the plate or the result of each shot."""
    media = timeline.plate if which == "plate" else timeline.result
    mode = "DROP FRAME" if timeline.drop_frame else "NON-DROP FRAME"
    lines = [f"TITLE: {visible(timeline.name)}_{which}", f"FCM: {mode}", ""]
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
        # Editors look for the media by the name of the clip, which is that of the file.
        f"* FROM CLIP NAME: {visible(media.file().name)}",
        f"* SOURCE FILE: {visible(media.file().name)}",
        f"* COMMENT: {visible(event.name)}",
        *(f"* LOC: {timeline.timecode(record_in + key - event.number)} YELLOW  key {key}" for key in event.keys),
        *(
            f"* LOC: {timeline.timecode(record_in + remark.frame - event.number)} CYAN    {remark.line}"
            for remark in event.remarks
        ),
        "",
    ]

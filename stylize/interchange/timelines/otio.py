"""OpenTimelineIO JSON (schemas of 0.15 and later), with the plate on V1, the result on V2 and audio on A1.

Invisible characters in names are escaped (see `visible_text`). Paths are URLs that preserve all bytes.
"""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from stylize.interchange.timelines.timeline import Event, Media, Timeline
from stylize.visible_text import visible


def otio_of(timeline: Timeline) -> str:
    """Return the text of a .otio file."""
    tracks = [_track(timeline, "V1", "Video", timeline.plate), _track(timeline, "V2", "Video", timeline.result)]
    if timeline.sound is not None:
        tracks.append(_track(timeline, "A1", "Audio", timeline.sound))
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": visible(timeline.name),
        "metadata": {},
        "global_start_time": _time(timeline, timeline.start),
        "tracks": _object("Stack.1", "tracks", children=tracks, source_range=None),
    }
    return json.dumps(document, indent=2) + "\n"


def _object(schema: str, name: str, **more: Any) -> dict[str, Any]:
    common = {"effects": [], "markers": [], "enabled": True, "metadata": {}}
    return {"OTIO_SCHEMA": schema, "name": name, **common, **more}


def _track(timeline: Timeline, name: str, kind: str, media: Media) -> dict[str, Any]:
    clips = [_clip(timeline, media, event) for event in timeline.events]
    return _object("Track.1", name, kind=kind, children=clips, source_range=None)


def _clip(timeline: Timeline, media: Media, event: Event) -> dict[str, Any]:
    begin = event.plate_in if media is timeline.plate else event.result_in
    return _object(
        "Clip.2",
        visible(event.name),
        source_range=_range(timeline, media.start + begin, event.count),
        markers=[*_markers(timeline, event, media.start + begin - event.number)],
        media_references={"DEFAULT_MEDIA": _reference(timeline, media)},
        active_media_reference_key="DEFAULT_MEDIA",
    )


def _markers(timeline: Timeline, event: Event, offset: int) -> Iterator[dict[str, Any]]:
    """Yield the markers of keys, and those of notes. offset: time of a frame less its number."""
    for key in event.keys:
        yield _marker(f"key {key}", "YELLOW", "", {}, _range(timeline, offset + key, 1))
    for remark in event.remarks:
        metadata = {"stylize": {"note": remark.number, "frame": remark.frame, "box": remark.box}}
        when = _range(timeline, offset + remark.frame, 1)
        yield _marker(f"note {remark.number}", "CYAN", remark.text, metadata, when)


def _marker(
    name: str, colour: str, comment: str, metadata: dict[str, Any], marked_range: dict[str, Any]
) -> dict[str, Any]:
    common = {"OTIO_SCHEMA": "Marker.2", "name": name, "metadata": metadata, "comment": comment, "color": colour}
    return {**common, "marked_range": marked_range}


def _reference(timeline: Timeline, media: Media) -> dict[str, Any]:
    common: dict[str, Any] = {"name": visible(media.name), "metadata": {}, "available_image_bounds": None}
    available = {"available_range": _range(timeline, media.start, media.count)}
    if media.pattern is None:
        return {"OTIO_SCHEMA": "ExternalReference.1", **common, **available, "target_url": media.path.as_uri()}
    numbered = {
        "target_url_base": media.pattern.folder.as_uri() + "/",
        # Percent-encoded, because they are parts of a URL like the base.
        "name_prefix": quote(os.fsencode(media.pattern.prefix)),
        "name_suffix": quote(os.fsencode(media.pattern.suffix)),
        "start_frame": media.first,
        "frame_step": 1,
        "rate": float(timeline.rate),
        "frame_zero_padding": media.pattern.padding,
        "missing_frame_policy": "error",
    }
    return {"OTIO_SCHEMA": "ImageSequenceReference.1", **common, **available, **numbered}


def _range(timeline: Timeline, start: int, count: int) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(timeline, start), "duration": _time(timeline, count)}


def _time(timeline: Timeline, frames: int) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(timeline.rate), "value": float(frames)}

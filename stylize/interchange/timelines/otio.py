"""OpenTimelineIO's own JSON (schema of 0.15 and later): plate on V1, result on V2, sound on A1."""

import json
from typing import Any

from stylize.interchange.timelines.timeline import Event, Media, Timeline


def otio_of(timeline: Timeline) -> str:
    """Return the text of a .otio file."""
    tracks = [_track(timeline, "V1", "Video", timeline.plate), _track(timeline, "V2", "Video", timeline.result)]
    if timeline.plate.sound:
        tracks.append(_track(timeline, "A1", "Audio", timeline.plate))
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": timeline.name,
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
        event.name,
        source_range=_range(timeline, media.start + begin, event.count),
        markers=[_marker(timeline, media.start + begin + key - event.number, key) for key in event.keys],
        media_references={"DEFAULT_MEDIA": _reference(timeline, media)},
        active_media_reference_key="DEFAULT_MEDIA",
    )


def _marker(timeline: Timeline, at: int, key: int) -> dict[str, Any]:
    common = {"OTIO_SCHEMA": "Marker.2", "name": f"key {key}", "metadata": {}, "comment": "", "color": "YELLOW"}
    return {**common, "marked_range": _range(timeline, at, 1)}


def _reference(timeline: Timeline, media: Media) -> dict[str, Any]:
    common: dict[str, Any] = {"name": media.name, "metadata": {}, "available_image_bounds": None}
    available = {"available_range": _range(timeline, media.start, media.count)}
    if media.pattern is None:
        return {"OTIO_SCHEMA": "ExternalReference.1", **common, **available, "target_url": media.path.as_uri()}
    numbered = {
        "target_url_base": media.pattern.folder.as_uri() + "/",
        "name_prefix": media.pattern.prefix,
        "name_suffix": media.pattern.suffix,
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

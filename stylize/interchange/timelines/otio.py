"""OpenTimelineIO's own JSON (schema of 0.15 and later): plate on V1, result on V2, sound on A1."""

import json
from typing import Any

from stylize.interchange.timelines.timeline import Cut, Event, Media


def otio_of(cut: Cut) -> str:
    """The text of a .otio file."""
    tracks = [_track(cut, "V1", "Video", cut.plate), _track(cut, "V2", "Video", cut.result)]
    if cut.plate.sound:
        tracks.append(_track(cut, "A1", "Audio", cut.plate))
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": cut.name,
        "metadata": {},
        "global_start_time": _time(cut, cut.start),
        "tracks": _object("Stack.1", "tracks", children=tracks, source_range=None),
    }
    return json.dumps(document, indent=2) + "\n"


def _object(schema: str, name: str, **more: Any) -> dict[str, Any]:
    common = {"effects": [], "markers": [], "enabled": True, "metadata": {}}
    return {"OTIO_SCHEMA": schema, "name": name, **common, **more}


def _track(cut: Cut, name: str, kind: str, media: Media) -> dict[str, Any]:
    clips = [_clip(cut, media, event) for event in cut.events]
    return _object("Track.1", name, kind=kind, children=clips, source_range=None)


def _clip(cut: Cut, media: Media, event: Event) -> dict[str, Any]:
    begin = event.plate_in if media is cut.plate else event.result_in
    return _object(
        "Clip.2",
        event.name,
        source_range=_range(cut, media.start + begin, event.count),
        markers=[_marker(cut, media.start + begin + key - event.number, key) for key in event.keys],
        media_references={"DEFAULT_MEDIA": _reference(cut, media)},
        active_media_reference_key="DEFAULT_MEDIA",
    )


def _marker(cut: Cut, at: int, key: int) -> dict[str, Any]:
    named = {"OTIO_SCHEMA": "Marker.2", "name": f"key {key}", "metadata": {}, "comment": "", "color": "YELLOW"}
    return {**named, "marked_range": _range(cut, at, 1)}


def _reference(cut: Cut, media: Media) -> dict[str, Any]:
    common: dict[str, Any] = {"name": media.name, "metadata": {}, "available_image_bounds": None}
    available = {"available_range": _range(cut, media.start, media.count)}
    if media.pattern is None:
        return {"OTIO_SCHEMA": "ExternalReference.1", **common, **available, "target_url": media.path.as_uri()}
    numbered = {
        "target_url_base": media.pattern.folder.as_uri() + "/",
        "name_prefix": media.pattern.prefix,
        "name_suffix": media.pattern.suffix,
        "start_frame": media.first,
        "frame_step": 1,
        "rate": float(cut.rate),
        "frame_zero_padding": media.pattern.padding,
        "missing_frame_policy": "error",
    }
    return {"OTIO_SCHEMA": "ImageSequenceReference.1", **common, **available, **numbered}


def _range(cut: Cut, start: int, count: int) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(cut, start), "duration": _time(cut, count)}


def _time(cut: Cut, frames: int) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(cut.rate), "value": float(frames)}

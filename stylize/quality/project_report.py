"""Report of a finished project, measured frame by frame: `report.html` and `report.json` in its folder."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from masks.keyframe_suggestions import weak_frames
from propagate.arrays import Floats, Pixels
from stylize.context.context import Context
from stylize.context.shot_facts import footage, look_facts
from stylize.delivery.contact_sheet import ErrorPicture, error_top
from stylize.delivery.frame_choice import ShotKeys, choose_evenly
from stylize.delivery.result_verdict import judge
from stylize.errors import OutputError
from stylize.io_errors import PROJECT_OPTION
from stylize.keys.neighbour_agreement import NeighbourAgreement, neighbour_agreements
from stylize.media.flatten import flatten
from stylize.media.images import image_size, quantise, read_image, to_float
from stylize.media.safe_write import atomic_write
from stylize.media.true_shape import true_size
from stylize.planning.key_advice import advise_keys, worst_frames
from stylize.planning.picking import ShotPlan
from stylize.project import REPORT_FILES, Project
from stylize.quality.ghosting import ghosting
from stylize.quality.measures import (
    FrameMeasures,
    agreement,
    change_along,
    colour_distance,
    detail_strength,
    interpolate,
    leak_of,
    pop,
)
from stylize.quality.page import FramePictures, page_of
from stylize.quality.page_template import FORMER_BEGINNING, PAGE_BEGINNING
from stylize.quality.report_verdict import report_verdict
from stylize.quality.warped_keys import WarpInputs, downscale, warped_pairs
from stylize.sheets import Verdict
from stylize.spans.frame_errors import error_map, frame_error

# Limits of the player: enough frames to judge motion, and a page small enough for mail.
MAX_FRAMES, MAX_WIDTH, JPEG_QUALITY = 120, 640, 80
# Width of references in pixels, and number of the worst frames of a shot.
MAX_REFERENCE, MAX_WORST = 320, 5
JSON_VERSION = 4
# First bytes of both files, and of the pages of earlier versions.
_BEGINNINGS = (PAGE_BEGINNING.encode(), FORMER_BEGINNING.encode(), b'{\n "version": ')


def write_report(context: Context, shots: Sequence[ShotPlan]) -> tuple[Path, ...]:
    """Write page and figures of a finished project and return their paths.

    Raises OutputError if frames are missing, or if it would replace a file that no report of the project wrote.
    """
    paths = tuple(context.project.root / name for name in REPORT_FILES)
    for path in paths:
        _refuse_foreign(context.project, path)
    content = figures(context, shots)
    sheet = context.project.root / "contact_sheet.png"
    if not sheet.is_file():
        raise OutputError(f"{sheet} is missing; run all stages, then run the report again")
    keys = [key for plan in shots for key in plan.keys]
    worst = [one["frame"] for shot in content["shots"] for one in shot["worst frames"]]
    chosen = sorted({*choose_evenly(context.shot.frames, keys, MAX_FRAMES), *worst})
    top = error_top([one["error"] for shot in content["shots"] for one in shot["frames"]])
    references = [
        (path.name, _data_url(to_float(flatten(read_image(path))), image_size(path), MAX_REFERENCE))
        for path in context.settings.references
        if path.is_file()
    ]
    strip = _data_url(to_float(flatten(read_image(sheet))), image_size(sheet), 2520)
    page = page_of(content, [_pictures(context, frame, top) for frame in chosen], strip, references, top)
    for path, text in zip(paths, (page, json.dumps(content, indent=1) + "\n"), strict=True):
        with atomic_write(path, PROJECT_OPTION, seal=context.project.seal("")) as partial:
            partial.write_text(text, encoding="utf-8")
    return paths


def _pictures(context: Context, frame: int, top: float) -> FramePictures:
    """Return the pictures of a frame for the player. top: error of the lightest colour of the heat map."""
    size = true_size(context.shot.size, context.shot.pixel_aspect)
    heat = to_float(ErrorPicture(error_map(context, frame), context.plates.paths[frame], top)())
    return FramePictures(
        frame, _data_url(_plate(context, frame), size), _data_url(_result(context, frame), size), _data_url(heat, size)
    )


def _refuse_foreign(project: Project, path: Path) -> None:
    """Raise OutputError for a file that no report wrote; reports of earlier versions are known by their beginnings."""
    if not project.is_changed(path):
        return
    if project.has_written(path) or not path.read_bytes().startswith(_BEGINNINGS):
        raise OutputError(
            f"{path} was changed by hand, or is not a report; move it away to keep it, or delete it, and report again"
        )


def figures(context: Context, shots: Sequence[ShotPlan]) -> dict[str, Any]:
    """Return the content of the JSON: for each shot its frames' measures, its keys with their pops, and a summary."""
    _check_maps(context)
    found = [_shot(context, plan) for plan in shots]
    settings = context.settings
    verdict = report_verdict(_keys_verdict(context, shots, found), found)
    return {
        "version": JSON_VERSION,
        "name": context.shot.name,
        "facts": footage(context.shot, len(shots)),
        "options": {fact.label: fact.value for fact in look_facts(settings)},
        "verdict": {"level": verdict.level.value, "text": verdict.text, "advice": list(verdict.advice)},
        "shots": found,
    }


def _keys_verdict(context: Context, shots: Sequence[ShotPlan], found: Sequence[dict[str, Any]]) -> Verdict | None:
    """Judge a result by the keys that would pay off; None with layers, each of which has a report of its own."""
    if context.settings.layers:
        return None
    errors = {one["frame"]: one["error"] for shot in found for one in shot["frames"]}
    known = [ShotKeys(plan.frames, plan.keys) for plan in shots]
    return judge(known, errors, context.settings.min_gap, context.settings.drop_key)


def _shot(context: Context, plan: ShotPlan) -> dict[str, Any]:
    measured = list(_measured(context, plan))
    changes = [one.change for one in measured]
    neighbours = {one.frame: one for one in neighbour_agreements(context, plan.frames, plan.keys)}
    keys = [
        {
            "frame": key.frame, "reason": str(key.reason), "pop": pop(changes, plan.frames.index(key.frame)),
            "agreement": _agreement(neighbours.get(key.frame)),
        }
        for key in plan.keyframes
    ]  # fmt: skip
    known = context.mattes.confidence if context.mattes else {}
    confidence = {frame: known[frame] for frame in plan.frames if frame in known}
    summary = _summary(measured, keys) | {"lowest confidence of the mattes": min(confidence.values(), default=None)}
    return {
        "frames": [asdict(one) for one in measured], "keys": keys, "summary": summary,
        "worst frames": _worst(context, plan, {one.frame: one.error for one in measured}),
        "mattes to review": weak_frames(confidence),
    }  # fmt: skip


def _worst(context: Context, plan: ShotPlan, errors: Mapping[int, float]) -> list[dict[str, Any]]:
    """Return the frames with the highest errors, and for each the nearest key and what would help."""
    settings = context.settings
    advice = advise_keys(plan.frames, errors, plan.keys, settings.min_gap, settings.drop_key)
    spans = {frame: span for span in plan.spans() for frame in span.frames}
    found = []
    for frame in worst_frames(plan.frames, errors, plan.keys, MAX_WORST):
        nearest = min(plan.keys, key=lambda key: (abs(key - frame), key), default=None)
        key = next((one.frame for one in advice if spans.get(one.frame) == spans.get(frame)), None)
        text = "a further key would not pay off" if key is None else f"add a key near {key}: --add-key {key}"
        found.append(
            {
                "frame": frame,
                "error": errors[frame],
                "nearest key": nearest,
                "advice": "see the reports of the layers" if settings.layers else text,
            }
        )
    return found


def _agreement(one: NeighbourAgreement | None) -> dict[str, Any] | None:
    """Return the agreement of a key with the previous one; None for the first key, and for keys without overlap."""
    if one is None or one.agreement is None:
        return None
    return {"before": one.before, **asdict(one.agreement), "outlier": one.agreement.outlier}


def _summary(measured: Sequence[FrameMeasures], keys: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    def mean(name: str) -> float | None:
        values = [getattr(one, name) for one in measured if getattr(one, name) is not None]
        return float(np.mean(values)) if values else None

    leaks = [one.leak for one in measured if one.leak is not None]
    pops = [key["pop"] for key in keys if key["pop"] is not None]
    return {
        "error": mean("error"),
        "agreement of the keys": mean("agreement"),
        "flicker above the plates": mean("flicker"),
        "largest pop at a key": max(pops, default=None),
        "ghosting": mean("ghosting"),
        "sharpness against keys": mean("sharpness"),
        "colour drift": mean("drift"),
        "leak outside the matte": max(leaks, default=None),
    }


def _measured(context: Context, plan: ShotPlan) -> Iterator[FrameMeasures]:
    neighbours = {frame: (span.left, span.right) for span in plan.spans() for frame in span.frames}
    keys = {key: _detail_and_colour(_result(context, key)) for key in plan.keys}
    comparisons = _compare_keys(context, plan)
    before: tuple[Floats, Floats] | None = None
    for index, frame in enumerate(plan.frames):
        context.progress("report", index + 1, len(plan.frames))
        plate, result = _plate(context, frame), _result(context, frame)
        flicker = change = None
        if before is not None:
            step = context.motion.step(plan.frames[index - 1], frame)
            change = change_along(before[1], result, step.flow, step.consistent)
            plate_change = change_along(before[0], plate, step.flow, step.consistent)
            flicker = None if change is None or plate_change is None else change - plate_change
        left, right = neighbours.get(frame, (frame, frame))
        sharpness, drift = _sharpness_and_drift(keys, frame, left, right, result) if keys else (None, None)
        agreed, ghosts = comparisons.get(frame, (None, None))
        yield FrameMeasures(
            frame=frame,
            error=frame_error(context, frame),
            flicker=flicker,
            change=change,
            sharpness=sharpness,
            drift=drift,
            leak=leak_of(result, plate, context.mattes.read(frame)) if context.mattes else None,
            agreement=agreed,
            ghosting=ghosts,
        )
        before = plate, result


def _compare_keys(context: Context, plan: ShotPlan) -> dict[int, tuple[float | None, float | None]]:
    """Return, for every frame between two keys, the agreement of the keys and the ghosting of the result."""
    inputs = WarpInputs(
        context.motion.step, context.motion.refine, context.plates.colour, lambda key: _result(context, key)
    )
    found = {}
    for span in plan.spans():
        if span.left is None or span.right is None:
            continue
        for frame, one, other, visible in warped_pairs(span.left, span.right, span.frames, inputs):
            downscaled = downscale(_result(context, frame))
            found[frame] = agreement(one, other, visible), ghosting(downscaled, one, other, visible)
    return found


def _detail_and_colour(picture: Floats) -> tuple[float, Floats]:
    """Return the strength of the finest detail and the mean colour."""
    return detail_strength(picture), picture.mean(axis=(0, 1))


def _sharpness_and_drift(
    keys: dict[int, tuple[float, Floats]], frame: int, left: int | None, right: int | None, result: Floats
) -> tuple[float, float]:
    """Return sharpness and colour drift relative to the values interpolated between the surrounding keys."""
    one, other = (left if left is not None else right), (right if right is not None else left)
    assert one is not None  # every frame of a shot with keys has a key before or after it
    assert other is not None
    nearness = 0.0 if one == other else (frame - one) / (other - one)
    detail, colour = _detail_and_colour(result)
    expected_detail = interpolate(keys[one][0], keys[other][0], nearness)
    expected_colour = keys[one][1] + (keys[other][1] - keys[one][1]) * np.float32(nearness)
    return detail / max(expected_detail, 1e-6), colour_distance(colour, expected_colour)


def _plate(context: Context, frame: int) -> Floats:
    return to_float(flatten(context.plates.read(frame)))


def _result(context: Context, frame: int) -> Floats:
    primaries = context.shot.colour
    return to_float(flatten(read_image(context.file("out", frame), primaries, untagged=primaries)))


def _check_maps(context: Context) -> None:
    """Raise OutputError if a frame has no error map."""
    for frame in context.shot.frames:
        path = error_map(context, frame)
        if not path.is_file():
            raise OutputError(f"{path} is missing, expected the output of the propagate stage; run all stages")


def _data_url(picture: Floats, size: tuple[int, int], max_width: int = MAX_WIDTH) -> str:
    """Return the picture as a data URL of a JPEG. size: (width, height) to display it with, reduced to max_width."""
    pixels: Pixels = quantise(picture, np.uint8)
    scale = min(1.0, max_width / size[0])
    displayed = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    if displayed != pixels.shape[1::-1]:
        pixels = cv2.resize(pixels, displayed, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise OutputError("a picture of the report could not be encoded; please report this error")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()

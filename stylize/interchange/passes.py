"""Passes (AOVs) for compositing, as parts of one EXR per frame or as one sequence per pass.

Names follow compositing conventions. Motion vectors are in pixels, y up, in the channels of two programs: Nuke's
`forward.u forward.v` (to the next frame) and `backward.u backward.v` (to the previous frame), and those of Blender's
Vector pass. `Vector.X Vector.Y` point to the position in the previous frame; `Vector.Z Vector.W` point from the
position in the next frame to that in the current one. A pass in a separate sequence has the channel `Y`, or `Z` for
depth, which all programs display.

Blender 3.4 splits a channel's name at its last dot. What follows must be one letter, or Blender skips the channel; if
it skips all channels of a part, it skips all later parts too. The text before it is the name of the pass. Its
compositor reads passes of one, three or four channels; a pass of two channels, such as `forward`, is a socket without
values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from propagate.arrays import Bools, Floats
from stylize.context.context import Context
from stylize.delivery.sequence import stamps_of
from stylize.errors import OutputError
from stylize.interchange.depth import Depth, open_depth
from stylize.interchange.layout import Layout
from stylize.media.images import Stamp, check_written, put_stamp, read_values
from stylize.media.safe_write import Seal, atomic_write, make_folder, no_seal
from stylize.media.sequences import Pattern
from stylize.planning.picking import ShotPlan
from stylize.settings import Settings
from stylize.spans.frame_files import ERROR, MIX_SHARE, pass_file
from stylize.stages import cache_key

# Value of `key.id` in a frame without keys. Frame numbers are 0 or more.
NO_KEY = -1
# Names of the passes if each is a separate sequence.
SEQUENCES = ("matte", "error", "confidence", "mix", "key", "motion", "occlusion_forward", "occlusion_backward")
DEPTH = "depth"
_FOLDER = "passes"
_NUKE_MOTION = ("forward.u", "forward.v", "backward.u", "backward.v")
_BLENDER_MOTION = ("Vector.X", "Vector.Y", "Vector.Z", "Vector.W")


@dataclass(frozen=True)
class FrameData:
    """Pass data of one frame. Arrays are float32 (H, W) unless noted.

    matte: 1 where the style applies. error: root mean square difference between the result and its target. mix: weight
    of the right key's pass, 0..1. keys: frame numbers of the left and right key; equal if there is only one, and
    ``NO_KEY`` if there is none. forward, backward: flow on the frame's grid to the next and to the previous frame,
    float32 (H, W, 2) in pixels, x then y, y down; None at the ends of a shot. visible_next, visible_previous: bool
    (H, W), pixels that are visible in that frame. depth: in any unit; None if there is none.
    """

    matte: Floats
    error: Floats
    mix: Floats
    keys: tuple[int, int]
    forward: Floats | None
    backward: Floats | None
    visible_next: Bools | None
    visible_previous: Bools | None
    depth: Floats | None = None


@dataclass(frozen=True)
class Part:
    """One part of an EXR. channels: names. values: float32 (H, W, C). kind: type in the file, "half" or "float"."""

    channels: tuple[str, ...]
    values: Floats
    kind: str


def pass_patterns(settings: Settings, layout: Layout) -> dict[str, Pattern]:
    """Return the patterns of the passes by name: one sequence for all passes, or one for each.

    Empty if no passes are requested. layout: layout of the exports.
    """
    if "passes" not in settings.export:
        return {}
    name, padding = layout.name, layout.padding
    inner = layout.folder / f"{name}_{_FOLDER}"
    if settings.passes_as == "multipart":
        return {_FOLDER: Pattern(inner, f"{name}_{_FOLDER}.", padding, ".exr")}
    kinds = (*SEQUENCES, *([DEPTH] if settings.depth else []))
    return {kind: Pattern(inner / kind, f"{name}_{kind}.", padding, ".exr") for kind in kinds}


def pattern_files(patterns: Iterable[Pattern], frames: Sequence[int]) -> list[Path]:
    """Return the files of all frames of the sequences."""
    return [pattern.path(frame) for pattern in patterns for frame in frames]


def write_passes(context: Context, shots: Sequence[ShotPlan], patterns: dict[str, Pattern]) -> None:
    """Write the missing and outdated passes. patterns: as returned by ``pass_patterns``. Raises OutputError."""
    depth = open_depth(context.settings, context.plates, context.shot_project)
    stamps = stamps_of(context.shot, context.settings.fps)
    for pattern in patterns.values():
        make_folder(pattern.folder)
    for plan in shots:
        span_keys = {frame: (span.left, span.right) for span in plan.spans() for frame in span.frames}
        for index, frame in enumerate(plan.frames):
            context.reporter.check()
            # A frame outside all spans is a key, or an unchanged plate in a shot without keys.
            own_keys = (frame, frame) if plan.keys else (None, None)
            keys = span_keys.get(frame, own_keys)
            key = _cache_key(context, plan, index, keys, depth, stamps[frame])
            if not all(context.shot_project.fresh(path, key) for path in pattern_files(patterns.values(), [frame])):
                data = _frame_data(context, plan, index, keys, depth)
                _write(data, patterns, stamps[frame], context.shot_project.seal(key))


def _write(data: FrameData, patterns: dict[str, Pattern], stamp: Stamp, seal: Seal) -> None:
    if _FOLDER in patterns:
        write_parts(patterns[_FOLDER].path(stamp.number), parts_of(data), stamp, seal)
        return
    parts = sequences_of(data)
    for name, pattern in patterns.items():
        write_parts(pattern.path(stamp.number), {name: parts[name]}, stamp, seal)


def _cache_key(
    context: Context, plan: ShotPlan, index: int, keys: tuple[int | None, int | None], depth: Depth | None, stamp: Stamp
) -> str:
    """Return the cache key of a frame's passes."""
    neighbours, frame = plan.frames[max(0, index - 1) : index + 2], plan.frames[index]
    maps = [pass_file(context.project.root, context.shot, name, frame) for name in (ERROR, MIX_SHARE)]
    digests = [context.project.digest(path) for path in maps if path.is_file()]
    return cache_key(
        "passes", neighbours, keys, digests, context.plate_digests(neighbours), context.motion.cache_key(neighbours),
        context.matte_inputs([frame]), depth.cache_inputs(frame) if depth else "", repr(stamp),
        uses=context.motion.stages,
    )  # fmt: skip


def _frame_data(
    context: Context, plan: ShotPlan, index: int, keys: tuple[int | None, int | None], depth: Depth | None
) -> FrameData:  # fmt: skip
    frame = plan.frames[index]
    width, height = context.shot.size
    next_frame = plan.frames[index + 1] if index + 1 < len(plan.frames) else None
    previous_frame = plan.frames[index - 1] if index else None
    # A step is on the grid of its second frame and points to the first.
    forward = context.motion.step(next_frame, frame) if next_frame is not None else None
    backward = context.motion.step(previous_frame, frame) if previous_frame is not None else None
    used_keys = [key for key in keys if key is not None]
    uniform = np.full((height, width), 1 if used_keys and keys[0] is None else 0, np.float32)
    return FrameData(
        matte=context.mattes.read(frame) if context.mattes else np.ones((height, width), np.float32),
        error=_read_map(context, ERROR, frame),
        mix=_read_map(context, MIX_SHARE, frame) if len(set(used_keys)) > 1 else uniform,
        keys=(used_keys[0], used_keys[-1]) if used_keys else (NO_KEY, NO_KEY),
        forward=None if forward is None else forward.flow,
        backward=None if backward is None else backward.flow,
        visible_next=None if forward is None else forward.consistent,
        visible_previous=None if backward is None else backward.consistent,
        depth=None if depth is None else depth.read(frame),
    )


def _read_map(context: Context, name: str, frame: int) -> Floats:
    path = pass_file(context.project.root, context.shot, name, frame)
    if not path.is_file():
        raise OutputError(f"{path} is missing, which the propagate stage writes; run all stages")
    return np.ascontiguousarray(read_values(path)[..., 0])


def parts_of(data: FrameData) -> dict[str, Part]:
    """Return the parts of a multi-part file, by name.

    `key` is the frame number of the key with the greater weight. `occlusion` is 1 where a pixel is hidden in the next
    frame (`occlusion_forward`) or in the previous one (`occlusion_backward`).
    """
    left, right = data.keys
    key = np.where(data.mix > 0.5, np.float32(right), np.float32(left))
    hidden = [_hidden(data.visible_next, data.mix), _hidden(data.visible_previous, data.mix)]
    forward, backward = _vectors(data.forward, data.mix), _vectors(data.backward, data.mix)
    motion = np.concatenate([forward, backward, backward, -forward], axis=2)
    parts = {
        "matte": Part(("matte.A",), data.matte[..., None], "half"),
        "error": Part(("error.Y",), data.error[..., None], "half"),
        "confidence": Part(("confidence.Y",), (1 - np.clip(data.error, 0, 1))[..., None], "half"),
        "mix": Part(("mix.Y",), data.mix[..., None], "half"),
        # Half floats do not represent all integers above 2048, and are too coarse for long vectors.
        "key": Part(("key.Y",), key[..., None], "float"),
        "motion": Part(_NUKE_MOTION + _BLENDER_MOTION, motion, "float"),
        "occlusion": Part(("occlusion_forward.Y", "occlusion_backward.Y"), np.stack(hidden, axis=2), "half"),
    }  # fmt: skip
    if data.depth is not None:
        parts[DEPTH] = Part(("depth.Z",), data.depth[..., None], "float")
    return parts


def sequences_of(data: FrameData) -> dict[str, Part]:
    """Return the parts of separate sequences, by name: `SEQUENCES`, and `DEPTH` if there is depth."""
    parts = parts_of(data)
    occlusion = parts.pop("occlusion").values
    for index, direction in enumerate(("forward", "backward")):
        parts[f"occlusion_{direction}"] = Part(("Y",), occlusion[..., index : index + 1], "half")
    motion = parts["motion"]
    single_channel = {name: replace(part, channels=("Z",) if name == DEPTH else ("Y",)) for name, part in parts.items()}
    return {**single_channel, "motion": motion}


def write_parts(
    path: Path, parts: Mapping[str, Part], stamp: Stamp | None = None, seal: Seal = no_seal
) -> None:  # fmt: skip
    """Write parts as one EXR, atomically. stamp: metadata of the frame. seal: records the file. Raises OutputError."""
    import OpenImageIO

    specs = []
    for name, part in parts.items():
        height, width, channels = part.values.shape
        spec = OpenImageIO.ImageSpec(width, height, channels, part.kind)
        spec.channelnames = part.channels
        for key, value in {"compression": "zip", "DateTime": ""}.items():
            spec.attribute(key, value)
        if len(parts) > 1:
            spec.attribute("oiio:subimagename", name)
        if stamp is not None:
            put_stamp(spec, path.suffix, stamp)
        specs.append(spec)
    with atomic_write(path, seal=seal) as partial:
        # The format is explicit because the temporary name does not end with the suffix.
        target = OpenImageIO.ImageOutput.create("openexr")
        if target is None:
            raise OSError(OpenImageIO.geterror())
        done = target.open(str(partial), tuple(specs))
        for index, (spec, part) in enumerate(zip(specs, parts.values(), strict=True)):
            done = done and (index == 0 or target.open(str(partial), spec, "AppendSubimage"))
            done = done and target.write_image(np.ascontiguousarray(part.values, np.float32))
        if not (target.close() and done):
            raise OSError(target.geterror().strip())
        check_written(partial, len(parts))


def _hidden(visible: Bools | None, like: Floats) -> Floats:
    return np.zeros_like(like) if visible is None else (~visible).astype(np.float32)


def _vectors(flow: Floats | None, like: Floats) -> Floats:
    """Convert flow to y up, as usual in compositing: float32 (H, W, 2). Zero without flow."""
    if flow is None:
        return np.zeros((*like.shape, 2), np.float32)
    return flow * np.array([1, -1], np.float32)

"""Last recorded plan of a project, for display. It is read without opening the shot, and may be out of date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stylize.planning.cuts import split
from stylize.planning.keyframes import Keyframe
from stylize.project.records import Records


@dataclass(frozen=True)
class StoredPlan:
    """Recorded plan of a look.

    cuts: first frames of new shots. picked: keyframes that were picked, or added by refinement, by frame.
    coverage: weighted share of a frame that the keyframes cover, 0..1, by frame; of shots that were measured.
    """

    cuts: tuple[int, ...] = ()
    picked: Mapping[int, Keyframe] = field(default_factory=dict)
    coverage: Mapping[int, float] = field(default_factory=dict)


def stored_plan(
    look_records: Records, frames: Sequence[int], cuts: tuple[int, ...], found: tuple[int, ...]
) -> StoredPlan:
    """Return the last plan. Malformed records, such as those of another version, count as missing.

    look_records: those of the look, or of the shot without layers. frames: numbers of the frames of the shot,
    ascending. cuts: those that the next plan will use. found: those that were detected last, between which the last
    plan may have picked its keys.
    """
    picked, coverage = dict[int, Keyframe](), dict[int, float]()
    for shot in dict.fromkeys([*split(frames, found), *split(frames, cuts)]):
        name = f"{shot[0]}-{shot[-1]}"
        picked |= {key.frame: key for key in _keyframes(look_records.latest_fact(f"keyframes {name}"))}
        measured = look_records.latest_fact(f"explained {name}")
        shares = measured.get("coverage", []) if isinstance(measured, dict) else []
        if len(shares) == len(shot):
            coverage |= {frame: float(share) for frame, share in zip(shot, shares, strict=True)}
    for frame in _refined(look_records.latest_fact("refined")):
        picked.setdefault(frame, Keyframe(frame, "the result was poor around it", 0.0))
    return StoredPlan(cuts, picked, coverage)


def _keyframes(value: Any) -> list[Keyframe]:
    try:
        return [
            Keyframe(int(frame), str(reason), float(coverage), float(gained))
            for frame, reason, coverage, gained in value["keys"]
        ]
    except (TypeError, KeyError, ValueError):
        return []


def _refined(value: Any) -> list[int]:
    """Return the keyframes that rounds of refinement have added."""
    try:
        return [int(frame) for frame, _, _, is_kept, *_ in value["rounds"] if is_kept]
    except (TypeError, KeyError, ValueError):
        return []

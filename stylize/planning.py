"""The split and pick stages: where the footage cuts, and which frames of each shot are keyframes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from propagate.flow_dis import DisFlow
from stylize import keyframes as picking
from stylize.errors import PaintedKeyError
from stylize.keyframes import Keyframe
from stylize.keys import PAINTED
from stylize.opening import Work, paints
from stylize.project import fingerprint
from stylize.shots import find_cuts, split

# Raise a number whenever its stage gives another result for the same input.
SPLIT, PICK = 1, 2


@dataclass(frozen=True)
class ShotPlan:
    """One shot of the footage. frames: its numbers. keyframes: in order, with their reasons."""

    frames: tuple[int, ...]
    keyframes: tuple[Keyframe, ...]

    @property
    def keys(self) -> list[int]:
        """Numbers of the keyframes."""
        return [key.frame for key in self.keyframes]


def plan_shots(work: Work) -> tuple[ShotPlan, ...]:
    """Cuts and keyframes; both are kept, and found again only when what they depend on has changed."""
    shots = split(work.shot.frames, _cuts(work))
    if work.outside:
        return tuple(ShotPlan(tuple(frames), ()) for frames in shots)
    base = _given_numbers(work)
    strangers = [number for number in base or () if number not in set(work.shot.frames)]
    if strangers:
        picking.given(work.shot.frames, strangers)
    painted = work.keys.painted()
    return tuple(ShotPlan(tuple(frames), _keyframes(work, tuple(frames), base, painted)) for frames in shots)


def _cuts(work: Work) -> tuple[int, ...]:
    if not work.settings.split or len(work.shot.frames) < 2:
        return ()
    return cuts(work, _shown(work, "split", work.shot.frames))


def cuts(work: Work, shown: Iterable[tuple[int, Any]]) -> tuple[int, ...]:
    """The first frames of shots, found among all frames of the footage, or remembered. shown: see ``find_cuts``."""
    mark = fingerprint(SPLIT, work.shot.frames, work.marks(work.shot.frames))
    known = work.project.recall("cuts", mark)
    if known is None:
        known = find_cuts(shown)
        work.project.remember("cuts", mark, list(known))
    return tuple(known)


def _shown(work: Work, stage: str, frames: tuple[int, ...]) -> Iterable[tuple[int, Any]]:
    for done, frame in enumerate(frames, 1):
        yield frame, work.plates.colour(frame)
        work.progress(stage, done, len(frames))


def _given_numbers(work: Work) -> tuple[int, ...] | None:
    """Keyframes that the user named, or None when they are to be picked."""
    return tuple(work.settings.keyframes) if work.settings.keyframes else None


def _keyframes(
    work: Work, frames: tuple[int, ...], base: tuple[int, ...] | None, painted: frozenset[int]
) -> tuple[Keyframe, ...]:
    """The keyframes of one shot: the user's, or the picked ones, and every painted key."""
    inside = set(frames)
    mine = sorted(painted & inside)
    if base is not None:
        chosen = picking.given(frames, [number for number in base if number in inside])
        if not chosen and not mine:
            chosen = [Keyframe(frames[0], "the shot has none of the keyframes asked for", 0.0)]
    elif not paints(work.settings) and (painted or work.settings.keys is not None):
        chosen = []  # all is painted by hand, and nothing is there to paint more after
    else:
        chosen = _picked(work, frames, mine)
    extra = picking.given(frames, [n for n in mine if n not in {key.frame for key in chosen}], why=PAINTED)
    found = tuple(sorted([*chosen, *extra], key=lambda key: key.frame))
    if not found:
        raise PaintedKeyError(
            f"the shot of frames {frames[0]} to {frames[-1]} has no key; paint one of its frames, give --style "
            "PICTURE to have its keys rendered, or --no-split if there is no cut"
        )
    return found


def _picked(work: Work, frames: tuple[int, ...], locked: list[int]) -> list[Keyframe]:
    """The picked keyframes. A key that is painted later changes no pick; one that is gone, and counted, does."""
    settings = work.settings
    estimate = DisFlow("fast")
    mark = fingerprint(
        PICK, frames, work.marks(frames), settings.coverage, settings.max_keyframes,
        sorted(work.keys.given_numbers()), estimate.fingerprint(),
    )  # fmt: skip
    name = f"keyframes {frames[0]}-{frames[-1]}"
    known = work.project.recall(name, mark)
    if known is None or not set(known["locked"]) <= set(locked):
        done = 0

        def on_frame(frame: int) -> None:
            nonlocal done
            done = min(done + 1, len(frames))
            work.progress("pick", done, len(frames))

        keys = picking.pick(
            frames, work.plates.colour, coverage=settings.coverage, most=settings.max_keyframes, locked=locked,
            estimate=estimate, on_frame=on_frame,
        ).keyframes  # fmt: skip
        known = {"locked": locked, "keys": [[key.frame, key.reason, key.coverage] for key in keys]}
        work.project.remember(name, mark, known)
        work.progress("pick", len(frames), len(frames))
    return [Keyframe(int(frame), str(reason), float(coverage)) for frame, reason, coverage in known["keys"]]

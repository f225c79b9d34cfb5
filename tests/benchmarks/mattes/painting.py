"""The loop in which a user paints a clip: paint a frame, let the tool name the next one, paint that, and so on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from masks.fuse_tracks import fuse_tracks
from masks.keyframe_suggestions import suggested_keyframes, weak_frames
from masks.track import Footage, Tracked, track
from propagate.arrays import Floats
from propagate.flow_dis import DisFlow
from tests.benchmarks.mattes.clips import MatteClip
from tests.composites import iou

# Overlap from which a matte counts as good, and the mean overlap at which a clip does.
GOOD, GOOD_MEAN = 0.93, 0.97


@dataclass(frozen=True)
class Round:
    """State after a frame has been painted. painted: frames with a painted matte, in the order of painting. overlap:
    intersection over union with the ground truth, by frame, 1 for painted frames. confidence: 0..1, by frame."""

    painted: tuple[int, ...]
    overlap: dict[int, float]
    confidence: dict[int, float]

    @property
    def mean(self) -> float:
        """Mean overlap of all frames with a true mask, painted ones included, as the user gets them."""
        return float(np.mean(list(self.overlap.values())))

    @property
    def missed(self) -> list[int]:
        """Frames below GOOD that the tool does not name."""
        named = weak_frames(self.confidence)
        return [frame for frame, overlap in self.overlap.items() if overlap < GOOD and frame not in named]

    @property
    def finished(self) -> bool:
        """The mean is good, and each frame is good or named."""
        return self.mean >= GOOD_MEAN and not self.missed


@dataclass
class _Tracks:
    """Tracks of each painted frame, forward and backward, as far as they are needed."""

    clip: MatteClip
    forward: dict[int, list[Tracked]] = field(default_factory=dict)
    backward: dict[int, list[Tracked]] = field(default_factory=dict)

    def add(self, frame: int, painted: Sequence[int]) -> None:
        """Track a newly painted frame up to its neighbours; those of the neighbours are only shortened."""
        before = max((other for other in painted if other < frame), default=None)
        after = min((other for other in painted if other > frame), default=None)
        self.forward[frame] = self._track(range(frame, len(self.clip.plates) if after is None else after))
        self.backward[frame] = self._track(range(frame, -1 if before is None else before, -1))

    def _track(self, frames: range) -> list[Tracked]:
        footage = Footage(self.clip.plates.__getitem__, DisFlow(), DisFlow("fine"))
        return list(track(frames, footage, self.clip.truth[frames[0]]))

    def results(self, painted: Sequence[int]) -> dict[int, Tracked]:
        """Mattes of all frames that are not painted."""
        ordered = sorted(painted)
        found = {one.frame: one for one in (*self.backward[ordered[0]], *self.forward[ordered[-1]])}
        for left, right in pairwise(ordered):
            backward = {one.frame: one for one in self.backward[right]}
            for one in self.forward[left]:
                if left < one.frame < right:
                    nearness = (one.frame - left) / (right - left)
                    found[one.frame] = fuse_tracks(one, backward[one.frame], nearness)
        return found


def paint(clip: MatteClip, limit: int) -> list[Round]:
    """Paint up to ``limit`` frames of a clip, the first frame first, then always the one that the tool names first.

    A frame without a true mask is replaced by the nearest one that has one. Ends early when the clip is finished, or
    the tool names no frame.
    """
    tracks, painted = _Tracks(clip), [0]
    rounds: list[Round] = []
    while True:
        tracks.add(painted[-1], painted[:-1])
        rounds.append(_round(clip, painted, tracks.results(painted)))
        following = _next_frame(clip, rounds[-1])
        if rounds[-1].finished or following is None or len(painted) == limit:
            return rounds
        painted.append(following)


def _round(clip: MatteClip, painted: Sequence[int], found: dict[int, Tracked]) -> Round:
    overlap = {frame: 1.0 if frame in painted else iou(found[frame].matte, clip.truth[frame]) for frame in clip.truth}
    confidence = {frame: found[frame].confidence if frame in found else 1.0 for frame in range(len(clip.plates))}
    return Round(tuple(painted), overlap, confidence)


def _next_frame(clip: MatteClip, state: Round) -> int | None:
    """The frame that the tool names first, or the nearest one to it that can be painted."""
    named = suggested_keyframes(state.confidence, [range(len(clip.plates))], state.painted)
    paintable = [frame for frame in clip.truth if frame not in state.painted]
    return min(paintable, key=lambda frame: abs(frame - named[0])) if named and paintable else None


def second_frame_gain(rounds: Sequence[Round]) -> tuple[float, float] | None:
    """Mean overlap before and after the second painted frame, over the frames that are painted in neither case."""
    if len(rounds) < 2:
        return None
    common = [frame for frame in rounds[0].overlap if frame not in rounds[1].painted]
    before, after = (_mean(one.overlap, common) for one in rounds[:2])
    return before, after


def _mean(overlap: dict[int, float], frames: Sequence[int]) -> float:
    values: Floats = np.array([overlap[frame] for frame in frames])
    return float(values.mean())

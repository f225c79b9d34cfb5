"""Where the footage cuts: PySceneDetect proposes, flow decides."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product, repeat

import numpy as np

from propagate.arrays import Bytes
from propagate.flow_dis import DisFlow
from stylize.planning.coverage import proxy, similarity

# A change this many times larger than its neighbours, and this large (of 255), is looked at. Both are low, since
# flow has the last word.
CHANGE_RATIO = 2.0
MIN_CHANGE = 6.0

# Frames on either side that a change is compared with.
WINDOW = 2

# Shorter shots than this are flashes and glitches, not shots.
MIN_SHOT_FRAMES = 6

# Two frames are of different shots when one explains less than this of the other. Over cuts we measured 0.05 at
# most, within shots 0.36 at least, the fastest motion included.
SAME_SHOT_SIMILARITY = 0.2

# A flash is shorter: the frames this far before and behind the change are compared too.
FLASH_FRAMES = 3


@dataclass(frozen=True)
class _Change:
    """position: counted from 0. number: of the frame that differs. before, after: small pictures on either side."""

    position: int
    number: int
    before: tuple[Bytes, ...]
    after: tuple[Bytes, ...]


def find_cuts(frames: Iterable[tuple[int, Bytes]]) -> tuple[int, ...]:
    """Numbers of the first frames of new shots, ascending; the first frame of all is not among them.

    frames: number and plate, uint8 (H, W, 3) RGB, in order of time. Holds a few small pictures at a time.
    """
    estimate = DisFlow("fast")
    cuts: list[int] = []
    last = -MIN_SHOT_FRAMES
    for change in _changes(frames):
        pairs = product(change.before, change.after)
        if change.position - last >= MIN_SHOT_FRAMES and all(
            similarity(*pair, estimate) < SAME_SHOT_SIMILARITY for pair in pairs
        ):
            cuts.append(change.number)
            last = change.position
    return tuple(cuts)


def split(frames: Sequence[int], cuts: Sequence[int]) -> list[tuple[int, ...]]:
    """The numbers of each shot. cuts: first frames of new shots; those outside ``frames`` change nothing."""
    shots: list[list[int]] = [[]]
    starts = set(cuts)
    for frame in frames:
        if frame in starts and shots[-1]:
            shots.append([])
        shots[-1].append(frame)
    return [tuple(shot) for shot in shots if shot]


def _changes(frames: Iterable[tuple[int, Bytes]]) -> Iterator[_Change]:
    """Every frame where the picture changes all at once."""
    from scenedetect import FrameTimecode  # heavy, so loaded when it is needed
    from scenedetect.detectors import AdaptiveDetector

    detector = AdaptiveDetector(
        adaptive_threshold=CHANGE_RATIO, min_scene_len=0, window_width=WINDOW, min_content_val=MIN_CHANGE
    )
    recent: deque[tuple[int, Bytes]] = deque(maxlen=2 * FLASH_FRAMES + WINDOW)
    suspects: deque[int] = deque()
    for position, (number, picture) in enumerate(_padded(frames)):
        recent.append((number, picture))
        # The detector wants BGR, and a rate that says nothing here.
        found = detector.process_frame(FrameTimecode(position, 25.0), np.ascontiguousarray(picture[..., ::-1]))
        suspects.extend(int(time.frame_num) for time in found)
        while suspects and suspects[0] + FLASH_FRAMES <= position:
            yield _change(suspects.popleft(), position, recent)


def _change(suspect: int, position: int, recent: Sequence[tuple[int, Bytes]]) -> _Change:
    """recent: number and picture of the latest frames, the last one at ``position``."""
    index = suspect - position + len(recent) - 1
    before, after = (
        (recent[max(0, index - FLASH_FRAMES)][1], recent[index - 1][1]),
        (recent[index][1], recent[index + FLASH_FRAMES][1]),
    )
    return _Change(suspect, recent[index][0], before, after)


def _padded(frames: Iterable[tuple[int, Bytes]]) -> Iterator[tuple[int, Bytes]]:
    """Number and small picture; the last one comes again until a change at the very end has been judged."""
    last: tuple[int, Bytes] | None = None
    for number, plate in frames:
        last = (number, proxy(plate))
        yield last
    yield from repeat(last, FLASH_FRAMES + WINDOW) if last is not None else ()

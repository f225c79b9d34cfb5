"""Detection of cuts: PySceneDetect proposes candidates, optical flow decides."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product, repeat

import numpy as np

from propagate.arrays import Bytes
from propagate.flow_dis import DisFlow
from stylize.planning.coverage import proxy, similarity

# A change this many times larger than its neighbours, and this large (of 255), is a candidate. Both thresholds are low,
# since flow decides.
CHANGE_RATIO = 2.0
MIN_CHANGE = 6.0

# Number of frames on either side that a change is compared with.
WINDOW = 2

# Anything shorter is a flash or a glitch, not a shot.
MIN_SHOT_FRAMES = 6

# Two frames belong to different shots if one covers less than this share of the other. We measured at most 0.05 across
# cuts, and at least 0.36 within shots, the fastest motion included.
SAME_SHOT_SIMILARITY = 0.2

# A flash is shorter: the frames this far before and after the change are compared too.
FLASH_FRAMES = 3


@dataclass(frozen=True)
class _Change:
    """Candidate for a cut. position: of the first frame after it, counted from 0. number: of that frame.

    before, after: proxies on either side.
    """

    position: int
    number: int
    before: tuple[Bytes, ...]
    after: tuple[Bytes, ...]


def find_cuts(frames: Iterable[tuple[int, Bytes]]) -> tuple[int, ...]:
    """Return the numbers of the first frames of new shots, ascending, without the first frame of the footage.

    frames: number and plate, uint8 (H, W, 3) RGB, in order of time. Only a few small pictures are in memory at a time.
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
    """Return the numbers of each shot. cuts: first frames of new shots; those outside ``frames`` are ignored."""
    shots: list[list[int]] = [[]]
    starts = set(cuts)
    for frame in frames:
        if frame in starts and shots[-1]:
            shots.append([])
        shots[-1].append(frame)
    return [tuple(shot) for shot in shots if shot]


def _changes(frames: Iterable[tuple[int, Bytes]]) -> Iterator[_Change]:
    """Yield every frame where the picture changes abruptly."""
    from scenedetect import FrameTimecode  # slow to import, so loaded on demand
    from scenedetect.detectors import AdaptiveDetector

    detector = AdaptiveDetector(
        adaptive_threshold=CHANGE_RATIO, min_scene_len=0, window_width=WINDOW, min_content_val=MIN_CHANGE
    )
    recent: deque[tuple[int, Bytes]] = deque(maxlen=2 * FLASH_FRAMES + WINDOW)
    suspects: deque[int] = deque()
    for position, (number, picture) in enumerate(_padded(frames)):
        recent.append((number, picture))
        # The detector expects BGR, and a frame rate that has no effect here.
        found = detector.process_frame(FrameTimecode(position, 25.0), np.ascontiguousarray(picture[..., ::-1]))
        suspects.extend(int(time.frame_num) for time in found)
        while suspects and suspects[0] + FLASH_FRAMES <= position:
            yield _change(suspects.popleft(), position, recent)


def _change(suspect: int, position: int, recent: Sequence[tuple[int, Bytes]]) -> _Change:
    """Return the change at ``suspect``. recent: number and proxy of the latest frames, the last one at ``position``."""
    index = suspect - position + len(recent) - 1
    before, after = (
        (recent[max(0, index - FLASH_FRAMES)][1], recent[index - 1][1]),
        (recent[index][1], recent[index + FLASH_FRAMES][1]),
    )
    return _Change(suspect, recent[index][0], before, after)


def _padded(frames: Iterable[tuple[int, Bytes]]) -> Iterator[tuple[int, Bytes]]:
    """Yield number and proxy of each frame, and repeat the last one until a change at the very end can be judged."""
    last: tuple[int, Bytes] | None = None
    for number, plate in frames:
        last = (number, proxy(plate))
        yield last
    yield from repeat(last, FLASH_FRAMES + WINDOW) if last is not None else ()

"""Repeated frames are distinguished from slow motion, locked-off shots and pauses, also in compressed footage."""

import io
from collections.abc import Sequence

import av
import numpy as np
import pytest

from propagate.arrays import Pixels
from propagate.repeats import change_between, find_repeats
from tests.fields import moving

SIZE = (160, 96)


def repeats(frames: Sequence[Pixels]) -> list[int]:
    """Positions of the frames that repeat the one before."""
    changes = [change_between(frames[at - 1], frames[at]) for at in range(1, len(frames))]
    return [at for at, repeated in enumerate(find_repeats(changes), 1) if repeated]


def compressed(frames: Sequence[Pixels], codec: str = "libx264", **options: str) -> list[Pixels]:
    """Frames after lossy compression."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream(codec, rate=24, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p")))
        output.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def grainy(frames: Sequence[Pixels], sigma: float) -> list[Pixels]:
    rng = np.random.default_rng(1)
    return [np.clip(one + rng.normal(0, sigma, one.shape), 0, 255).astype(np.uint8) for one in frames]


def on_twos(frames: Sequence[Pixels]) -> list[Pixels]:
    return [frame for frame in frames for _ in range(2)]


def in_thirty(frames: Sequence[Pixels]) -> list[Pixels]:
    """24 frames as 30: every fifth repeats."""
    return [frames[at * 4 // 5] for at in range(len(frames) * 5 // 4)]


TWOS = list(range(1, 24, 2))
FIFTHS = [at for at in range(1, 30) if at * 4 // 5 == (at - 1) * 4 // 5]


def test_equal_frames_repeat_however_long() -> None:
    still, other = moving(2, SIZE)
    assert repeats([still] * 9 + [other] * 2) == [1, 2, 3, 4, 5, 6, 7, 8, 10]


@pytest.mark.parametrize("crf", ["18", "28"])
def test_drawings_on_twos_are_found_after_compression(crf: str) -> None:
    assert repeats(compressed(on_twos(moving(12, SIZE)), crf=crf)) == TWOS


def test_rhythm_decides_where_no_two_frames_are_equal() -> None:
    frames = grainy(on_twos(moving(12, SIZE)), 0.6)
    assert not any(np.array_equal(frames[at - 1], frames[at]) for at in TWOS)
    assert repeats(frames) == TWOS
    assert repeats(compressed(on_twos(grainy(moving(12, SIZE), 4)), crf="20", g="1")) == TWOS


def test_film_in_thirty_frames_is_found_after_compression() -> None:
    assert repeats(compressed(in_thirty(grainy(moving(24, SIZE), 3)), crf="23")) == FIFTHS


def test_threes_are_found_after_compression() -> None:
    frames = [frame for frame in grainy(moving(8, SIZE), 3) for _ in range(3)]
    assert repeats(compressed(frames, crf="23", g="1")) == [at for at in range(24) if at % 3]


def _dot(at: int, speed: float) -> Pixels:
    """A small soft dot that moves before a still ground."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    dot = 90 * np.exp(-((x - 60 - speed * at) ** 2 + (y - 50) ** 2) / 18)
    return np.clip(moving(1, SIZE)[0] * 0.6 + dot[..., None], 0, 255).astype(np.uint8)


def _swing(at: int) -> Pixels:
    """A dot that swings: it nearly stops once in 12 frames."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    dot = 150 * np.exp(-((x - 80 - 40 * np.cos(np.pi * (at + 0.5) / 12)) ** 2 + (y - 50) ** 2) / 60)
    return np.clip(moving(1, SIZE)[0] * 0.4 + dot[..., None], 0, 255).astype(np.uint8)


MOVING = {
    "a slow pan": moving(24, SIZE, speed=0.1),
    "a pan": moving(24, SIZE),
    "a locked-off shot with grain": grainy([moving(1, SIZE)[0]] * 24, 3),
    "a locked-off shot with a small dot": [_dot(at, 0.3) for at in range(24)],
    "a swing": grainy([_swing(at) for at in range(36)], 1),
    "a slow fade": [np.round(moving(1, SIZE)[0] * (1 - at / 60)).astype(np.uint8) for at in range(24)],
}


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("crf", ["", "23"])
def test_motion_is_not_frozen(name: str, crf: str) -> None:
    frames = compressed(MOVING[name], crf=crf) if crf else MOVING[name]
    equal = [at for at in range(1, len(frames)) if np.array_equal(frames[at - 1], frames[at])]
    assert repeats(frames) == equal


def test_one_pause_is_no_rhythm() -> None:
    frames = grainy(moving(24, SIZE), 2)
    frames[10] = grainy([frames[9]], 0.4)[0]
    assert repeats(frames) == []


def test_a_change_at_the_edge_of_the_frame_is_a_change() -> None:
    frame = moving(1, (70, 37))[0]
    other = frame.copy()
    other[-1, -1] ^= 1
    assert change_between(frame, frame) == 0
    assert change_between(frame, other) > 0
    assert change_between(frame[:5, :5], other[-5:, -5:]) > 0

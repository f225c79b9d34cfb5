"""The EbSynth project file, read back by what is known of the format."""

import struct

import pytest

from stylize.interchange.ebsynth import digits_of, ebs_of, synths


def read(data: bytes) -> dict[str, object]:
    place = 6

    def take(form: str) -> tuple[float, ...]:
        nonlocal place
        found = struct.unpack_from("<" + form, data, place)
        place += struct.calcsize("<" + form)
        return found

    def text() -> str:
        nonlocal place
        (length,) = take("I")
        found = data[place : place + int(length)].decode()
        place += int(length)
        return found

    paths = [text() for _ in range(3)]
    mask, *weights = take("B6f")
    (count,) = take("I")
    made = [(take("IBBII"), text()) for _ in range(int(count))]
    return {"magic": data[:6], "paths": paths, "mask": mask, "weights": weights, "synths": made, "rest": data[place:]}


def test_each_key_spans_from_the_previous_to_the_next() -> None:
    frames = range(1001, 1041)
    assert synths(frames, [1010, 1025]) == ((1010, 1001, 1025), (1025, 1010, 1040))
    assert synths(frames, [1001]) == ((1001, 1001, 1040),)
    assert synths(frames, [1040]) == ((1040, 1001, 1040),)
    assert synths([5], [5]) == ((5, 5, 5),)


@pytest.mark.parametrize("mask", [False, True])
def test_file_matches_those_of_other_programs(mask: bool) -> None:
    parsed = read(ebs_of(range(1, 41), synths(range(1, 41), [10, 25]), mask))
    assert parsed["magic"] == b"EBS05\0"
    assert parsed["paths"] == ["video/[####].png", "mask/[####].png" if mask else "", "keys/[####].png"]
    assert (parsed["mask"], parsed["weights"]) == (mask, [1.0, 4.0, 1.0, 10.0, 1.0, 3500.0])
    assert parsed["synths"] == [
        ((10, 1, 1, 1, 25), "out-0010/[####].png"),
        ((25, 1, 1, 10, 40), "out-0025/[####].png"),
    ]
    rest = parsed["rest"]
    assert isinstance(rest, bytes)
    assert (rest[:4], len(rest)) == (b"V02\0", 17)


def test_frame_numbers_have_a_fixed_width() -> None:
    assert (digits_of(range(1, 50)), digits_of(range(9990, 10010))) == (4, 5)

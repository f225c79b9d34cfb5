"""Tiny and very short shots: the correct trivial result, from reading to writing."""

import numpy as np
import pytest

import stylize
from stylize.media.images import read_image, write_image


def shot_of(folder, height, width, count, still=False):
    """Write a folder of noise plates, and one of keys that are the plates' negatives."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    for name in ("plates", "painted"):
        (folder / name).mkdir()
    for number in range(1, count + 1):
        plate = noise if still else np.roll(noise, number, axis=int(width > 1))
        write_image(folder / "plates" / f"plate.{number:04d}.png", plate)
    return folder / "plates"


def paint(folder, frames, look):
    for frame in frames:
        plate = read_image(folder / "plates" / f"plate.{frame:04d}.png")
        write_image(folder / "painted" / f"{frame}.png", look(plate))


def result(folder, **more):
    made = stylize.run(folder / "plates", keys=folder / "painted", split=False, **more)
    return {frame: read_image(path) for frame, path in made.frames.items()}


@pytest.mark.slow
@pytest.mark.parametrize("size", [(24, 1), (1, 24), (1, 1), (2, 2), (3, 4), (4, 40)])
@pytest.mark.parametrize("keys", [(1, 4), (2,)], ids=["two keys", "one key"])
@pytest.mark.parametrize("threads", [1, 2])
def test_frames_smaller_than_a_patch_work(tmp_path, size, keys, threads):
    shot_of(tmp_path, *size, 4)
    paint(tmp_path, keys, lambda plate: 255 - plate)
    found = result(tmp_path, threads=threads)
    assert sorted(found) == [1, 2, 3, 4]
    assert {picture.shape for picture in found.values()} == {(*size, 3)}
    for key in keys:
        np.testing.assert_array_equal(found[key], read_image(tmp_path / "painted" / f"{key}.png"))


@pytest.mark.parametrize(("count", "keys"), [(1, (1,)), (2, (1, 2)), (3, (1, 3)), (3, (1, 2, 3)), (2, (2,))])
def test_spans_of_zero_and_one_frame_work(tmp_path, count, keys):
    shot_of(tmp_path, 20, 30, count, still=True)
    paint(tmp_path, keys, lambda plate: 255 - plate)
    found = result(tmp_path)
    assert sorted(found) == list(range(1, count + 1))
    for picture in found.values():  # static, so that every frame is the key
        assert np.abs(picture.astype(int) - read_image(tmp_path / "painted" / f"{keys[0]}.png")).max() <= 1


@pytest.mark.parametrize("keys", [(1, 4), (2,)], ids=["two keys", "one key"])
def test_keys_equal_to_their_plates_give_back_a_still_shot(tmp_path, keys):
    shot_of(tmp_path, 20, 30, 4, still=True)
    paint(tmp_path, keys, lambda plate: plate)
    plate = read_image(tmp_path / "plates" / "plate.0001.png").astype(int)
    for picture in result(tmp_path).values():
        assert np.abs(picture - plate).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("on", "boil"), [("twos", 0.0), ("threes", 1.0)])
def test_held_and_boiling_frames_of_one_column_work(tmp_path, on, boil):
    shot_of(tmp_path, 24, 1, 5)
    paint(tmp_path, (1, 5), lambda plate: 255 - plate)
    found = result(tmp_path, on=on, boil=boil)
    assert {picture.shape for picture in found.values()} == {(24, 1, 3)}
    np.testing.assert_array_equal(found[1], found[2])

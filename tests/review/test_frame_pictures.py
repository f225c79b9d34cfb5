"""Pictures of frames: exact, up to date, and bounded in memory."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.errors import ReviewError
from stylize.media.images import read_image, write_image
from stylize.review.frame_pictures import Asked, frame_picture
from stylize.review.overlays import ERROR_TOP, LEFT, RIGHT, error_picture, legends, matte_picture, source_picture
from stylize.review.project_state import ranges
from stylize.review.proxies import JPEG, PNG, WIDTHS, ProxyCache, proxy_size
from stylize.review.shown_project import show_project
from tests.review.conftest import BITS, BLOCK, HEIGHT, coded, decoded


@pytest.fixture(scope="module")
def project(sample):
    return show_project(sample.root, print)


def decode(data, tmp_path, suffix):
    (tmp_path / f"picture{suffix}").write_bytes(data)
    return read_image(tmp_path / f"picture{suffix}")


def made(project, kind, frame, width=BITS * BLOCK, media_type=PNG):
    return frame_picture(project, project.part(""), Asked(kind, frame, width, media_type))


def test_lossless_picture_has_the_bits_of_the_file_and_the_other_one_nearly(project, sample, tmp_path):
    for frame in sample.frames[::7]:
        for kind, inverted in (("plate", False), ("result", True)):
            exact = decode(made(project, kind, frame).make(), tmp_path, ".png")
            assert np.array_equal(exact, coded(frame, inverted=inverted))
            lossy = decode(made(project, kind, frame, media_type=JPEG).make(), tmp_path, ".jpg")
            assert np.abs(lossy.astype(int) - exact).mean() < 4


def test_proxy_is_as_wide_as_asked_and_shows_the_same_frame(project, tmp_path):
    write_image(tmp_path / "keep.png", coded(1))
    small = decode(made(project, "plate", 21, width=64).make(), tmp_path, ".png")
    assert small.shape == (HEIGHT, BITS * BLOCK, 3)  # no proxy is smaller than the smallest width
    assert decoded(small[HEIGHT // 2, :, 0]) == 21


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 9000))
def test_size_of_a_proxy_is_enough_and_never_more_than_the_picture(width, height, asked):
    wide, high = proxy_size((width, height), asked)
    assert min(asked, width) <= wide <= width
    assert wide == width or wide in WIDTHS
    assert 1 <= high <= height or high == 1
    assert abs(high - height * wide / width) <= 0.5 or high == 1


def test_cache_key_changes_with_the_file_and_with_what_is_asked(project, sample, tmp_path):
    keys = {
        made(project, kind, frame, width, media_type).cache_key
        for kind in ("plate", "result") for frame in (7, 8) for width in (100,) for media_type in (JPEG, PNG)
    }  # fmt: skip
    assert len(keys) == 8
    before = made(project, "result", 7)
    path = sample.file("out", 7)
    content = path.read_bytes()
    write_image(path, coded(99))
    after = made(project, "result", 7)
    assert decoded(decode(after.make(), tmp_path, ".png")[0, :, 0]) == 99
    path.write_bytes(content)
    assert before.cache_key != after.cache_key


def test_pictures_that_do_not_exist(project):
    assert made(project, "error", 9) is None
    assert made(project, "key", 9) is None
    assert made(project, "matte", 9) is None
    for kind, frame in (("out", 1), ("../out", 1), ("result", 0), ("result", 4000)):
        with pytest.raises(ReviewError, match="expected a frame of the shot"):
            made(project, kind, frame)


def test_overlays_are_maps_in_colours(project, tmp_path):
    """The error of the sample is the square root of 0.0625, the top of the scale; all comes from the right key."""
    error = decode(made(project, "error", 2).make(), tmp_path, ".png")
    assert error.shape == (HEIGHT, BITS * BLOCK, 4)
    top = legends()["error"].colours[-1]
    assert "#{:02x}{:02x}{:02x}".format(*error[0, 0, :3]) == top
    source = decode(made(project, "source", 2).make(), tmp_path, ".png")
    assert tuple(source[0, 0, :3]) == RIGHT


def test_colours_of_overlays_follow_their_scales():
    levels = error_picture(np.linspace(0, ERROR_TOP, 64, dtype=np.float32)[None])[0, :, :3] @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(levels) > 0).all(), "lightness alone tells a larger error"
    shares = source_picture(np.array([[0, 1]], np.float32))[0, :, :3]
    assert [tuple(one) for one in shares] == [LEFT, RIGHT]
    assert matte_picture(np.array([[0, 1]], np.float32))[0, :, 3].tolist() == [255, 0]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=60))
def test_cache_is_bounded_and_returns_what_was_made(asked):
    cache, sizes = ProxyCache(max_bytes=100), {}
    for key, size in asked:
        size = sizes.setdefault(key, size)
        assert cache.get(str(key), lambda key=key, size=size: bytes([key]) * size) == bytes([key]) * size
        assert cache.size <= 100


def test_cache_makes_a_picture_once_while_it_is_kept():
    cache, made_pictures = ProxyCache(max_bytes=10), []

    def make():
        made_pictures.append(1)
        return bytes(6)

    cache.get("a", make), cache.get("a", make)
    assert len(made_pictures) == 1
    cache.get("b", make), cache.get("a", make)
    assert len(made_pictures) == 3


@given(st.sets(st.integers(0, 30)))
def test_ranges_are_the_runs_of_places(chosen):
    frames = [10 + 3 * place for place in range(31)]
    found = ranges(frames, {frames[place] for place in chosen})
    assert [place for first, last in found for place in range(first, last + 1)] == sorted(chosen)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(found))

"""Bands of rows: they cover a picture, and every banded step is bit-identical to the whole-picture step."""

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagate import bands
from propagate.bands import MIN_SHARE_PIXELS, SHARES_PER_THREAD, for_each_band, for_each_share, split_rows
from propagate.blend import blend
from propagate.confidence import warp_confidence
from propagate.detail import detail_energy, restore_detail
from propagate.features import edges, pack, pad, restyle
from propagate.flow import ComposedFlow, Step, compose_step, consistent, correct_drift, freeze_static, in_bounds, warp
from propagate.flow_dis import DisFlow
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.scene import Scene, estimated_scene
from propagate.synthesis import SynthesisSettings, propagate_key
from propagate.texture import Job, Level, exemplar, optimise, usage

SIZES = st.tuples(st.integers(1, 70), st.integers(1, 40))
WHOLE = 10**6


def with_bands(height, make):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "band_height", lambda high, width, halo: height)
        return make()


def assert_equal(one, other):
    assert len(one) == len(other)
    for left, right in zip(one, other, strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


# Bands


@given(height=st.integers(0, 200), band=st.integers(1, 60), halo=st.integers(0, 40))
def test_bands_cover_each_row_once_and_include_their_halo(height, band, halo):
    found = list(split_rows(height, band, halo))
    assert [y for one in found for y in range(height)[one.rows]] == list(range(height))
    for one in found:
        assert (one.halo_start, one.halo_stop) == (max(0, one.start - halo), min(height, one.stop + halo))
        assert np.arange(height)[one.with_halo][one.interior].tolist() == np.arange(height)[one.rows].tolist()
        assert one.stop - one.start <= band


@pytest.mark.parametrize(("band", "halo"), [(0, 0), (-1, 2), (3, -1)])
def test_bands_without_rows_are_refused(band, halo):
    with pytest.raises(ValueError, match="1 row or more"):
        list(split_rows(10, band, halo))


def test_bands_do_not_depend_on_threads_and_are_much_higher_than_their_halo(monkeypatch, set_threads):
    seen = []
    for number in (1, 2, 5):
        set_threads(number)
        found = []
        for_each_band(found.append, (2160, 3840), 11)
        seen.append(sorted(found, key=lambda band: band.start))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) > 10
    assert seen[0][0].stop >= bands.MIN_HALOS * 11
    monkeypatch.setattr(bands, "BAND_PIXELS", 1)
    assert bands.band_height(100, 100, 0) == 1


@pytest.mark.parametrize(("height", "width"), [(360, 640), (720, 1280), (1080, 1920), (480, 854), (99, 5000)])
def test_bands_have_almost_equal_heights(height, width):
    most = bands.BAND_PIXELS // width
    heights = [band.stop - band.start for band in split_rows(height, bands.band_height(height, width, 0))]
    assert len(heights) == -(-height // most)
    assert max(heights) - min(heights) <= len(heights)


def test_bands_run_on_several_threads(set_threads):
    set_threads(2)
    meet = threading.Barrier(2, timeout=20)
    names = set()

    def work(band):
        names.add(threading.get_ident())
        meet.wait()

    with_bands(1, lambda: for_each_band(work, (2, 8)))
    assert len(names) == 2


@pytest.mark.parametrize("number", [1, 3])
def test_error_in_a_band_is_raised_and_ends_the_work(set_threads, number):
    set_threads(number)
    done = []

    def work(band):
        if band.start == 3:
            raise ArithmeticError("row 3")
        done.append(band.start)

    with pytest.raises(ArithmeticError, match="row 3"):
        with_bands(1, lambda: for_each_band(work, (5000, 8)))
    count = len(done)
    assert count < 4999
    assert with_bands(4, lambda: for_each_band(lambda band: done.append(band.stop), (8, 8))) is None
    assert len(done) == count + 2


# Steps


def problem(seed, size):
    """Two plates, flow of a few pixels with discontinuities, and its validity."""
    draw = np.random.default_rng(seed)
    plates = [np.ascontiguousarray(draw.integers(0, 256, (*size, 3)).astype(np.uint8)) for _ in range(2)]
    plates.append(cv2.GaussianBlur(plates[0], (0, 0), 2).reshape(*size, 3))
    flow = (draw.standard_normal((*size, 2)) * draw.choice([0.1, 1, 30], (*size, 1))).astype(np.float32)
    return plates, flow, draw.random(size) < 0.7


class Drift:
    """An estimator with known flow."""

    def __init__(self, flow):
        self.flow = flow

    def __call__(self, source, target):
        return self.flow

    def cache_key(self):
        return "drift"


def local_steps(seed, size):
    plates, flow, valid = problem(seed, size)
    draw = np.random.default_rng(seed + 1)
    pictures = [draw.random((*size, 3), np.float32) for _ in range(2)]
    values = [draw.random(size, np.float32) ** 6 for _ in range(2)]
    style = pack(pictures[0], 0.7, [(values[0], 1.0), (pictures[1], 0.3)], 2)
    restyle(style, pictures[1], 0.5, 2)
    extended = compose_step(ComposedFlow(3, flow, valid), 4, Step(flow[::-1].copy(), valid[::-1].copy()))
    return [
        warp(plates[0], flow), warp(pictures[0], flow, lanczos=True), warp(values[0], flow),
        consistent(flow, -flow), in_bounds(flow), extended.flow, extended.valid,
        correct_drift(flow, plates[0], plates[1], Drift(flow / 7)), freeze_static(flow / 20, plates[0], plates[2]),
        warp_confidence(flow, valid, plates[0], plates[2]), warp_confidence(flow / 90, valid, plates[2], plates[2]),
        restore_detail(pictures[0], values[0]), detail_energy(pictures[1]), style,
        *blend(pictures[0], values[0], pictures[1], values[1], 0.3),
        *blend((pictures[0] * 65535).astype(np.uint16), values[0].astype(np.float16), pictures[1], values[1], 0.8),
    ]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**16), size=SIZES, band=st.integers(1, 40))
def test_banded_local_steps_are_bit_identical(seed, size, band):
    assert_equal(with_bands(band, lambda: local_steps(seed, size)), with_bands(WHOLE, lambda: local_steps(seed, size)))


@pytest.mark.slow
@pytest.mark.parametrize("band", [1, 33])
def test_banded_wide_pictures_are_bit_identical(band):
    size = (67, 1931)
    assert_equal(with_bands(band, lambda: local_steps(5, size)), with_bands(WHOLE, lambda: local_steps(5, size)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), size=SIZES, style=SIZES, band=st.integers(1, 40), wished=st.booleans())
def test_banded_texture_synthesis_is_bit_identical(seed, size, style, band, wished):
    draw = np.random.default_rng(seed)
    look, guide, asked = (
        draw.random((*style, 3), np.float32),
        draw.random(style, np.float32),
        draw.random(size, np.float32),
    )
    start = np.stack([draw.integers(0, style[1], size), draw.integers(0, style[0], size)], -1).astype(np.int32)
    mask, first = draw.random(size) < 0.6, draw.random((*size, 3), np.float32)
    target_colour = (draw.random((*size, 3), np.float32), draw.random(size, np.float32)) if wished else None

    def make():
        example = exemplar(look, [(guide, 3.0)], 1.0, 2)
        job = Job(PatchMatchNumba(2, 8), example, example.canvas([asked]), mask, target_colour=target_colour)
        made = optimise(job, first, start, Level(2, 1, 4, 0.01))
        return [made.colour, made.field, made.error, usage(made.field, mask, style, 2)]

    assert_equal(with_bands(band, make), with_bands(WHOLE, make))


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (9, 1), (4, 6), (60, 45)])
def test_packed_border_is_that_of_pad(size):
    picture = np.random.default_rng(0).random((*size, 3), np.float32)
    packed = pack(picture, 1.0, [(picture[..., 0], 1.0)], 2).reshape(size[0] + 4, size[1] + 4, 8)
    np.testing.assert_array_equal(packed[..., :4], pad(packed[2:-2, 2:-2, :4], 2))
    assert not packed[..., 4:].any()


def test_banded_edges_are_bit_identical():
    picture = np.random.default_rng(0).random((50, 33, 3), np.float32)
    for band in split_rows(50, 7, 5):
        np.testing.assert_array_equal(edges(picture[band.with_halo])[band.interior], edges(picture)[band.rows])


# A pass


def filmed(size, frames=3):
    draw = np.random.default_rng(2)
    ground = np.kron(draw.integers(20, 240, (size[0] // 3 + 2, size[1] // 3 + 8, 3)), np.ones((3, 3, 1)))
    moving = [ground[n : size[0] + n, 2 * n : size[1] + 2 * n].astype(np.uint8) for n in range(frames)]
    for n, plate in enumerate(moving):
        plate[size[0] // 4 : size[0] // 2, (5 + 3 * n) % size[1] : (20 + 3 * n) % size[1]] = (200, 30, 60)
    return moving


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (25, 1), (9, 14), (61, 83)])
@pytest.mark.parametrize("band", [1, 7])
def test_pass_does_not_depend_on_bands_or_threads(set_threads, size, band):
    plates = filmed(size)
    key = np.ascontiguousarray(255 - plates[0]).astype(np.float32) / 255
    user_guides = [plate.astype(np.float32)[..., 0] / 255 for plate in plates]
    seen = estimated_scene(plates.__getitem__, DisFlow())
    scene = Scene(seen.plate, seen.step, seen.refine, lambda frame: [user_guides[frame]], (2.0,))

    def make():
        found = []
        for carried in propagate_key([0, 1, 2], scene, key, SynthesisSettings()):
            found += [carried.colour, carried.error, *list(carried.state.arrays().values())[1:]]
        return found

    whole = with_bands(WHOLE, make)
    for number in (1, 2, 4):
        set_threads(number)
        assert_equal(with_bands(band, make), whole)


@pytest.mark.parametrize("number", [1, 2, 7])
@pytest.mark.parametrize(("count", "pixels"), [(0, 0), (1, 1), (40, 40 * MIN_SHARE_PIXELS), (3, 10**7)])
def test_shares_cover_all_parts_once(set_threads, number, count, pixels):
    set_threads(number)
    done = np.zeros(count, int)
    shares = []

    def work(start, stop):
        shares.append((start, stop))
        done[start:stop] += 1

    for_each_share(work, count, pixels)
    assert (done == 1).all()
    limit = 1 if number == 1 else SHARES_PER_THREAD * number
    assert len(shares) == max(1, min(count, pixels // MIN_SHARE_PIXELS, limit))

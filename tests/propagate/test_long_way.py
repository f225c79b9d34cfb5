"""Far from the key: brush strokes keep their size and do not repeat, and memory does not grow."""

import tracemalloc

import numpy as np
import pytest

from propagate.flow_dis import DisFlow
from propagate.scene import estimated_scene
from propagate.synthesis import SynthesisSettings, propagate_key
from tests.benchmarks.propagation.brush import bands, composed_of_patches, spread_of_use
from tests.synthetic import twin_camera, twin_pan

FAR = 40


def last_of(clip):
    scene = estimated_scene(clip.plates.__getitem__, DisFlow(), DisFlow("fine"))
    for made in propagate_key(clip.frames, scene, clip.truth[0], SynthesisSettings()):
        last = made
    return last


@pytest.fixture(scope="module", params=["pan", "turn"])
def far(request):
    """A key of brush strokes, and its propagation 40 frames on: a third of the pan's last frame is not in the key."""
    clip = twin_pan(FAR + 1, 1.2) if request.param == "pan" else twin_camera(FAR + 1, 1.0, 30)
    return clip, last_of(clip)


@pytest.mark.slow
def test_brush_strokes_keep_their_size(far):
    clip, last = far
    assert last.frame == FAR
    strength = bands(last.colour) / bands(clip.truth[FAR])
    assert (strength > 0.88).all()
    assert (strength < 1.1).all()


@pytest.mark.slow
def test_no_part_of_the_key_is_overused(far):
    _, last = far
    where = composed_of_patches(last)
    assert where.mean() > 0.05
    used, middle, _, many, most = spread_of_use(last, where)
    assert used > 0.2
    assert middle < 1.5
    assert many < 8
    assert most < 25


def test_usage_is_measured_in_even_shares():
    class Made:
        class State:
            field = np.dstack(np.meshgrid(np.arange(30), np.arange(20))).astype(np.int32)

        state, error = State, np.zeros((20, 30), np.float32)

    everywhere = np.ones((20, 30), bool)
    np.testing.assert_allclose(spread_of_use(Made, everywhere), 1)
    Made.state.field[:] = 4, 5  # a single position, divided by the 25 of a patch
    assert spread_of_use(Made, everywhere) == pytest.approx((25 / 600, *[600 / 25] * 4))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length_of_the_pass(set_threads):
    def peak(count):
        clip = twin_pan(3, 1.0)
        plates = [clip.plates[n % 3] for n in range(count)]
        scene = estimated_scene(plates.__getitem__, DisFlow(), DisFlow("fine"))
        tracemalloc.start()
        try:
            for _ in propagate_key(range(count), scene, clip.truth[0], SynthesisSettings()):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    set_threads(1)  # the memory of two concurrent threads varies from run to run
    peak(3)  # warm up caches
    assert peak(24) < 1.1 * peak(6)

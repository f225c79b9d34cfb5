import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagate.flow import MAX_LENGTH, Step
from propagate.flow_codec import pack, quantise, skip, unpack


def step(height, width, longest, seed=0):
    draw = np.random.default_rng(seed)
    flow = draw.uniform(-longest, longest, (height, width, 2)).astype(np.float32)
    return Step(flow, draw.random((height, width)) < 0.5)


def assert_same(one, other):
    np.testing.assert_array_equal(one.flow, other.flow)
    np.testing.assert_array_equal(one.consistent, other.consistent)
    assert one.flow.dtype == other.flow.dtype


@pytest.mark.slow
@settings(deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    longest=st.sampled_from([0, 1e-9, 0.5, 7, 511, 600, 40_000, MAX_LENGTH]),
    seed=st.integers(0, 9),
)
def test_unpacked_step_is_bit_identical_to_the_rounded_one(height, width, longest, seed):
    given_step = step(height, width, longest, seed)
    again, rest = unpack(pack(given_step) + b"rest")
    assert rest == b"rest" == skip(pack(given_step) + b"rest")
    assert_same(again, quantise(given_step))
    np.testing.assert_array_equal(again.consistent, given_step.consistent)
    # Half a quantisation step: 1/128 of a pixel, and in proportion for flow beyond 511 pixels.
    assert np.abs(again.flow - given_step.flow).max() <= max(1 / 128, longest / 32767)


@settings(deadline=None)
@given(longest=st.sampled_from([0.5, 511, 600, MAX_LENGTH]))
def test_rounding_is_idempotent(longest):
    once = quantise(step(9, 12, longest))
    assert_same(quantise(once), once)
    assert pack(once) == pack(step(9, 12, longest))


def test_smooth_flow_compresses_well():
    ys, xs = np.mgrid[:90, :160].astype(np.float32)
    flow = np.stack([0.03 * xs + 2, 0.02 * ys - 0.01 * xs], axis=-1)
    assert len(pack(Step(flow, np.ones((90, 160), bool)))) < 0.5 * 90 * 160


@settings(deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_detected(data):
    whole = pack(step(5, 7, 3))
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    for corrupt in (bytes(flipped), whole[:place]):
        with pytest.raises(ValueError, match="packed flow"):
            unpack(corrupt)


def test_truncated_data_cannot_be_skipped():
    with pytest.raises(ValueError, match="truncated"):
        skip(b"short")

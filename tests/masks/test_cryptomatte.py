"""Hashes and coverage of Cryptomatte."""

import numpy as np
import pytest

from masks.cryptomatte import coverage, float_bits, murmur3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Values of the reference implementation.
        ("", 0), ("a", 0x3C2569B2), ("test", 0xBA6BD213), ("hello", 0x248BFA47), ("hello, world", 0x149BBB7F),
        ("The quick brown fox jumps over the lazy dog", 0x2E4FF723),
    ],
)  # fmt: skip
def test_hash(text: str, value: int) -> None:
    assert murmur3(text) == value


def test_bits_are_always_a_normal_float() -> None:
    assert float_bits(0x248BFA47) == 0x248BFA47
    for value in (0x00000001, 0x7F800000, 0xFF800001, 0x80000000):
        assert float_bits(value) == value ^ (1 << 23)
        assert np.isfinite(np.array([float_bits(value)], np.uint32).view(np.float32)[0])


def test_coverage_is_the_sum_over_ranks() -> None:
    ids = np.array([5, 0x7F7FFFFF], np.uint32).view(np.float32)
    ranks = np.zeros((1, 3, 6), np.float32)
    ranks[0, :, 0::2] = ids[0]
    ranks[0, 0] = [ids[0], 0.5, ids[1], 0.25, ids[0], 0.125]
    ranks[0, 1] = [ids[1], 1, 0, 0, 0, 0]
    ranks[0, 2, 1::2] = 0.5
    assert coverage(ranks, [5]).tolist() == [[0.625, 0, 1]]
    assert coverage(ranks, [5, 0x7F7FFFFF]).tolist() == [[0.875, 1, 1]]

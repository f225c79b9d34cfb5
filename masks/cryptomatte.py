"""Mattes from Cryptomatte ranks, after the Cryptomatte specification, version 1.2 (Friedman and Jones, Psyop).

A pixel holds pairs of an id and its coverage, ranked by coverage. An id is the MurmurHash3 (32 bits, seed 0) of a name,
stored as the bits of a float; a hash whose bits would not be a normal float has its lowest exponent bit flipped.
"""

from collections.abc import Collection

import numpy as np

from masks.arrays import Floats

_WORD = 0xFFFFFFFF
_EXPONENT_BIT = 1 << 23


def murmur3(text: str) -> int:
    """Return the MurmurHash3 (x86, 32 bits, seed 0; Appleby) of the UTF-8 bytes of a text."""
    data = text.encode("utf-8")
    value, whole = 0, len(data) // 4 * 4
    for start in range(0, whole, 4):
        value = _rotated(value ^ _mixed(int.from_bytes(data[start : start + 4], "little")), 13)
        value = (value * 5 + 0xE6546B64) & _WORD
    value ^= _mixed(int.from_bytes(data[whole:], "little")) ^ len(data)
    value = ((value ^ value >> 16) * 0x85EBCA6B) & _WORD
    value = ((value ^ value >> 13) * 0xC2B2AE35) & _WORD
    return value ^ value >> 16


def float_bits(value: int) -> int:
    """Return the bits of the float that stands for a hash: those of the hash, unless they are no normal float."""
    return value ^ _EXPONENT_BIT if (value >> 23) & 0xFF in (0, 0xFF) else value


def coverage(ranks: Floats, ids: Collection[int]) -> Floats:
    """Return the coverage of ids, summed over all ranks: float32 (H, W) in [0, 1].

    ranks: float32 (H, W, 2N), pairs of id and coverage. ids: bits of their floats.
    """
    stored = np.ascontiguousarray(ranks[..., 0::2]).view(np.uint32)
    wanted = np.isin(stored, np.array(sorted(ids), np.uint32))
    return np.clip(np.where(wanted, ranks[..., 1::2], 0).sum(axis=2), 0, 1).astype(np.float32)


def _mixed(word: int) -> int:
    return _rotated((word * 0xCC9E2D51) & _WORD, 15) * 0x1B873593 & _WORD


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> 32 - bits) & _WORD

"""Seeded mutations of files: damage as disks and transfers cause it, and values that an attacker would choose."""

import random
from collections.abc import Callable, Sequence

Mutation = Callable[[bytes, random.Random], bytes]

_EXTREMES = tuple(
    value.to_bytes(4, order, signed=value < 0)
    for value in (0, 1, -1, 0x7FFFFFFF, -0x80000000, 60_000, 65_536, 1 << 24)
    for order in ("little", "big")
)
_WORDS = (
    b"\0", b"\xff\xfe", b"[" * 5000, b'{"a":' * 5000, b"9" * 5000, b"1e1000000000", b"nan", b"-inf", b"null", b"true",
    b"../../../../etc/passwd", b"\xed\xa0\x80", b"\r\n", b'"', b"\\u0000", b"-1", b"0x10", b"1/0", b"=", b"[[", b"{}",
)  # fmt: skip


def flip(data: bytes, rng: random.Random) -> bytes:
    """Change up to sixteen bits."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 16))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(data: bytes, rng: random.Random) -> bytes:
    """Replace four bytes, more often near the start, with an extreme number."""
    at = rng.randrange(min(len(data), rng.choice((64, 512, len(data)))))
    return data[:at] + rng.choice(_EXTREMES) + data[at + 4 :]


def truncate(data: bytes, rng: random.Random) -> bytes:
    """Cut off the end, or the start."""
    at = rng.randrange(len(data))
    return data[:at] if rng.random() < 0.8 else data[at:]


def insert(data: bytes, rng: random.Random) -> bytes:
    """Insert a hostile word, or replace some bytes with it."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(_WORDS) + data[at + rng.choice((0, 0, 1, 8)) :]


def repeat(data: bytes, rng: random.Random) -> bytes:
    """Repeat a piece, or leave it out."""
    first, last = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    piece = data[first:last] * rng.choice((0, 2, 3))
    return data[:first] + piece + data[last:]


def shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    """Reorder the lines."""
    lines = data.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)


def replace_value(data: bytes, rng: random.Random) -> bytes:
    """Replace a number, or a text between quotes, with a hostile word."""
    starts = [at for at in range(len(data)) if data[at : at + 1].isdigit() or data[at : at + 1] == b'"']
    if not starts:
        return insert(data, rng)
    at = rng.choice(starts)
    end = at + 1
    while end < len(data) and data[end : end + 1] not in b'",]}\n ':
        end += 1
    return data[:at] + rng.choice(_WORDS) + data[end:]


BINARY: Sequence[Mutation] = (flip, overwrite, truncate, insert, repeat)
TEXT: Sequence[Mutation] = (flip, truncate, insert, repeat, shuffle_lines, replace_value, replace_value)


def mutated(data: bytes, seed: str, mutations: Sequence[Mutation]) -> bytes:
    """Return data after one to three mutations, the same ones for the same seed."""
    rng = random.Random(seed)
    for _ in range(rng.choice((1, 1, 2, 3))):
        if data:
            data = rng.choice(mutations)(data, rng)
    return data

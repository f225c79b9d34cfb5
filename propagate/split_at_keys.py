"""Split a shot at its keys into spans, the units of work, caching and farming."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Frames between two keys, ascending, without the keys. left, right: the keys, None at an open end."""

    frames: tuple[int, ...]
    left: int | None
    right: int | None


def split_at_keys(frames: Sequence[int], keys: Sequence[int]) -> list[Span]:
    """Split a shot at its keys; the spans are ascending, and empty ones are left out.

    frames: the shot's numbers, ascending. keys: at least one, all in ``frames``. Raises ValueError otherwise.
    """
    ascending = sorted(set(keys))
    if not ascending or not set(ascending) <= set(frames):
        raise ValueError(f"a shot needs keys among its frames, not {ascending}")
    ends: list[tuple[int | None, int | None]] = list(zip([None, *ascending], [*ascending, None], strict=True))
    result = [
        Span(tuple(f for f in frames if (left is None or f > left) and (right is None or f < right)), left, right)
        for left, right in ends
    ]
    return [span for span in result if span.frames]

"""What finds a subject in pictures by itself."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from masks.arrays import Bytes, Floats


class Segmenter(Protocol):
    """Mattes of a person or a subject, without anything painted."""

    def __call__(self, frames: Sequence[int], plate: Callable[[int], Bytes]) -> Iterator[tuple[int, Floats]]:
        """Each frame in turn with its matte, float32 (H, W) in [0, 1], of the plate's size.

        frames: in order of time. plate: uint8 (H, W, 3), RGB, of a frame; asked for in the order of ``frames``.
        """
        ...

    def fingerprint(self) -> str:
        """A text that changes whenever the mattes for the same plates would."""
        ...

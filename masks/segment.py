"""What finds a subject in pictures: by itself, or the one that it is pointed at."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from masks.arrays import Bytes, Floats
from masks.prompts import Prompt


class Segmenter(Protocol):
    """Mattes of a person or a subject, without anything painted.

    The same pictures and prompts give the same bits on one device, whatever the threads.
    """

    @property
    def prompted(self) -> bool:
        """Whether it finds what it is pointed at, and nothing without that; else it finds the subject by itself."""
        ...

    @property
    def finished(self) -> bool:
        """Whether what it gives are mattes, with soft borders and steady for its part, to be taken as they are; else it
        is where it takes the subject to be, frame by frame."""
        ...

    def __call__(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], prompts: Sequence[Prompt] = ()
    ) -> Iterator[tuple[int, Floats]]:
        """Each frame once, with its matte, float32 (H, W) in [0, 1], of the plate's size; in the order in which they
        are found, which is that of time for those that are not prompted. Memory does not grow with their number.

        frames: in order of time. plate: uint8 (H, W, 3), RGB, of a frame. prompts: in frames that are among ``frames``,
        all of them about one subject, with a box or a place that is inside in each frame that has any.

        Raises ValueError: no prompts where there must be some, or the other way round; a network that does not fit.
        """
        ...

    def cache_key(self) -> str:
        """Return a text that changes with every parameter that the mattes depend on; versions are not among them."""
        ...


def check_unprompted(prompts: Sequence[Prompt]) -> None:
    """For those that find the subject by themselves. Raises ValueError when they are pointed at one."""
    if prompts:
        raise ValueError("this network finds its subject by itself and cannot be pointed at one")

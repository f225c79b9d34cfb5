"""Protocol of networks that find a subject in pictures, automatically or from prompts."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from masks.arrays import Bytes, Floats
from masks.prompts import Prompt


class Segmenter(Protocol):
    """Network that makes mattes of a person or a subject, without a painted matte.

    The same pictures and prompts give bit-identical mattes on one device, with any number of threads.

    To add one to stylize, write a class with these members, and register it: in ``stylize/extensions/built_in.py``, or
    in a separate distribution (docs/development/extensions.md). Then add it to the suite in
    ``tests/contracts/test_segmenters.py``, which every segmenter passes.
    """

    @property
    def prompted(self) -> bool:
        """True for a network that needs prompts, False for one that finds its subject automatically."""
        ...

    @property
    def produces_mattes(self) -> bool:
        """True for final mattes with soft borders, stable in time; False for rough regions, found frame by frame."""
        ...

    def __call__(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], prompts: Sequence[Prompt] = ()
    ) -> Iterator[tuple[int, Floats]]:
        """Yield every frame once, with its matte, float32 (H, W) in [0, 1], of the plate's size.

        Frames come in the order in which they are processed; without prompts, that is the order of time. Memory use
        does not grow with their number.

        frames: in order of time. plate: reads a frame, uint8 (H, W, 3), RGB. prompts: of one subject, all in
        ``frames``; each prompted frame has a box or at least one point that is inside.

        Raises ValueError for missing or unwanted prompts, and for unusable results of the network.
        """
        ...

    def cache_key(self) -> str:
        """Return a text that changes with every parameter that the mattes depend on; versions are not among them."""
        ...


def check_unprompted(prompts: Sequence[Prompt]) -> None:
    """Raise ValueError for prompts to a network that finds its subject automatically."""
    if prompts:
        raise ValueError("this network finds its subject automatically and accepts no prompts")

"""Protocol of networks that find a subject in pictures, by themselves or from prompts."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from masks.arrays import Bytes, Floats
from masks.prompts import Prompt


class Segmenter(Protocol):
    """Network that makes mattes of a person or a subject, without a painted matte.

    The same pictures and prompts give bit-identical mattes on one device, with any number of threads.
    """

    @property
    def prompted(self) -> bool:
        """True for a network that needs prompts, False for one that finds its subject by itself."""
        ...

    @property
    def produces_mattes(self) -> bool:
        """True for final mattes with soft borders, stable in time; False for rough regions, found frame by frame."""
        ...

    def __call__(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], prompts: Sequence[Prompt] = ()
    ) -> Iterator[tuple[int, Floats]]:
        """Yield every frame once, with its matte, float32 (H, W) in [0, 1], of the plate's size.

        Frames come in the order in which they are found, which is the order of time without prompts. Memory does not
        grow with their number.

        frames: in order of time. plate: reads a frame, uint8 (H, W, 3), RGB. prompts: of one subject, in frames among
        ``frames``; each prompted frame has a box or a point that is inside.

        Raises ValueError for missing or unwanted prompts, and for a network that does not fit.
        """
        ...

    def cache_key(self) -> str:
        """Return a text that changes with every parameter that the mattes depend on; versions are not among them."""
        ...


def check_unprompted(prompts: Sequence[Prompt]) -> None:
    """Raise ValueError for prompts to a network that finds its subject by itself."""
    if prompts:
        raise ValueError("this network finds its subject by itself and cannot be pointed at one")

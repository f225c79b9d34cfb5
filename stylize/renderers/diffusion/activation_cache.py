"""What was worked out of earlier keys, kept from one key to the next: the first key of a shot is seen by all others.

It saves time and changes nothing: what is kept is what would be worked out again, to the bit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

# Bytes that may be kept on the device.
LARGEST = 1 << 30

Tensors = dict[str, Any]


@dataclass
class Recall:
    """Named tensors by the mark of what they were made from. largest: bytes that may be kept."""

    largest: int = LARGEST
    _kept: dict[str, Tensors] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def of(self, mark: str, make: Callable[[], Tensors]) -> Tensors:
        """What belongs to a mark: what was kept, or what ``make`` makes, which is kept if there is room."""
        self._used.add(mark)
        if mark in self._kept:
            return self._kept[mark]
        made = make()
        if self.size + _size(made) <= self.largest:
            self._kept[mark] = made
        return made

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(map(_size, self._kept.values()))

    @contextmanager
    def one_key(self) -> Iterator[None]:
        """While one key is painted; what it had no use for is forgotten afterwards."""
        self._used.clear()
        yield
        self._kept = {mark: made for mark, made in self._kept.items() if mark in self._used}

    def forget(self) -> None:
        """Makes room."""
        self._kept.clear()


def mark_of(*facts: Any) -> str:
    """A text that changes with any of the facts: tensors, arrays, and lists and dicts of these, by their contents."""
    digest = blake2b(digest_size=16)
    _add(digest, facts)
    return digest.hexdigest()


def _add(digest: Any, fact: Any) -> None:
    if isinstance(fact, dict):
        fact = [part for item in sorted(fact.items()) for part in item]
    if isinstance(fact, list | tuple):
        digest.update(f"[{len(fact)}".encode())
        for part in fact:
            _add(digest, part)
    elif hasattr(fact, "shape"):
        digest.update(f"{fact.shape}{fact.dtype}".encode())
        digest.update((fact.detach().float().cpu().numpy() if hasattr(fact, "detach") else fact).tobytes())
    else:
        digest.update(repr(fact).encode())


def _size(tensors: Tensors) -> int:
    return sum(one.numel() * one.element_size() for one in tensors.values())

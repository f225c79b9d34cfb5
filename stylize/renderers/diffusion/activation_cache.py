"""What was worked out of earlier keys, kept from one key to the next: the first key of a shot is seen by all others.

It saves time and changes nothing: what is kept is what would be worked out again, to the bit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

# Bytes that may be kept on the device.
MAX_BYTES = 1 << 30

Tensors = dict[str, Any]


@dataclass
class ActivationCache:
    """Named tensors by the mark of what they were made from. max_bytes: how much may be kept."""

    max_bytes: int = MAX_BYTES
    _entries: dict[str, Tensors] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def get(self, key: str, make: Callable[[], Tensors]) -> Tensors:
        """What belongs to a mark: what was kept, or what ``make`` makes, which is kept if there is room."""
        self._used.add(key)
        if key in self._entries:
            return self._entries[key]
        made = make()
        if self.size + _size(made) <= self.max_bytes:
            self._entries[key] = made
        return made

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return sum(map(_size, self._entries.values()))

    @contextmanager
    def one_key(self) -> Iterator[None]:
        """While one key is painted; what it had no use for is forgotten afterwards."""
        self._used.clear()
        yield
        self._entries = {key: made for key, made in self._entries.items() if key in self._used}

    def clear(self) -> None:
        """Makes room."""
        self._entries.clear()


def cache_key(*facts: Any) -> str:
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

"""Cache of the activations of earlier keys, kept from key to key because every key attends to a shot's first key.

It saves time and does not change results: cached tensors are bit-identical to recomputed ones.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

# Maximum size of the cache on the device, in bytes.
MAX_BYTES = 1 << 30

Tensors = dict[str, Any]


@dataclass
class ActivationCache:
    """Named tensors by the cache key of their inputs. max_bytes: maximum total size."""

    max_bytes: int = MAX_BYTES
    _entries: dict[str, Tensors] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def get(self, key: str, make: Callable[[], Tensors]) -> Tensors:
        """Return the tensors of a cache key: cached ones, or those of ``make``, which are cached if there is room."""
        self._used.add(key)
        if key in self._entries:
            return self._entries[key]
        made = make()
        if self.size + _size(made) <= self.max_bytes:
            self._entries[key] = made
        return made

    @property
    def size(self) -> int:
        """Size of the cached tensors, in bytes."""
        return sum(map(_size, self._entries.values()))

    @contextmanager
    def one_key(self) -> Iterator[None]:
        """Enclose the painting of one key; evict the entries that it did not use afterwards."""
        self._used.clear()
        yield
        self._entries = {key: made for key, made in self._entries.items() if key in self._used}

    def clear(self) -> None:
        """Evict all entries."""
        self._entries.clear()


def cache_key(*facts: Any) -> str:
    """Return a hash of the facts; tensors, arrays, and lists and dicts of these are hashed by content."""
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

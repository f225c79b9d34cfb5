"""Models that the renderers of a run share, so that each is loaded once, and results computed with them."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

# Max size of the stored results, in bytes.
MAX_BYTES = 1 << 28

Value = TypeVar("Value")


@dataclass
class ResultCache:
    """Results by cache key: arrays, tensors, and lists and dicts of these. The least recently used ones are evicted.

    max_bytes: maximum total size. A larger result is not stored.
    """

    max_bytes: int = MAX_BYTES
    _entries: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str, make: Callable[[], Value]) -> Value:
        """Return the stored result of a cache key, or that of ``make``. The caller must not change it in place."""
        made: Value = self._entries.pop(key) if key in self._entries else make()
        if _size(made) <= self.max_bytes:
            self._entries[key] = made
        while self.size > self.max_bytes:
            del self._entries[next(iter(self._entries))]
        return made

    @property
    def size(self) -> int:
        """Size of the stored results, in bytes."""
        return sum(map(_size, self._entries.values()))

    def clear(self) -> None:
        """Evict all results."""
        self._entries.clear()


@dataclass
class ModelStore:
    """Loaded models by identity, a text that changes with their files, device and precision.

    They stay loaded until the end of the run, or until memory is needed; see ``release``. seconds: time spent loading.
    results: computed with the models, under cache keys that cover the identity of the model and all inputs.
    """

    seconds: float = 0.0
    results: ResultCache = field(default_factory=ResultCache)
    _models: dict[str, Any] = field(default_factory=dict)

    def get(self, identity: str, load: Callable[[], Value]) -> Value:
        """Return a model, loaded by ``load`` at first use. ``load`` must not load another model of the store."""
        if identity not in self._models:
            started = time.perf_counter()
            try:
                self._models[identity] = load()
            finally:
                self.seconds += time.perf_counter() - started
        model: Value = self._models[identity]
        return model

    def release(self, keep: Collection[str] = ()) -> bool:
        """Drop all models except those to keep, and all results. Return whether a model was dropped."""
        self.results.clear()
        dropped = self._models.keys() - set(keep)
        for identity in dropped:
            del self._models[identity]
        return bool(dropped)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def _size(result: Any) -> int:
    if isinstance(result, dict):
        return sum(map(_size, result.values()))
    if isinstance(result, list | tuple):
        return sum(map(_size, result))
    return int(result.nbytes)

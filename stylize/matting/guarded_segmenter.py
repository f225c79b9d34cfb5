"""Guard for segmenters of other distributions: errors name them, mattes are validated, and cache keys have versions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from masks.arrays import Bytes, Floats
from masks.prompts import Prompt
from masks.segment import Segmenter
from stylize.errors import MatteError
from stylize.extensions.opening import guard, options_key, versions_of
from stylize.extensions.options import ExtensionOptions
from stylize.extensions.registrations import SegmenterRegistration


@dataclass(frozen=True)
class GuardedSegmenter:
    """Segmenter of another distribution, with its options; see Segmenter."""

    registration: SegmenterRegistration
    options: ExtensionOptions
    segmenter: Segmenter

    @property
    def prompted(self) -> bool:
        """Value of its registration; see Segmenter."""
        return self.registration.prompted

    @property
    def produces_mattes(self) -> bool:
        """See Segmenter. Raises MatteError if the segmenter does not define it."""
        with guard(self.registration, MatteError):
            return bool(self.segmenter.produces_mattes)

    def cache_key(self) -> str:
        """Return its cache key, extended by its options and versions; see Segmenter. Raises MatteError."""
        with guard(self.registration, MatteError):
            own = self.segmenter.cache_key()
            if not isinstance(own, str):
                raise TypeError(f"cache_key() returned {own!r}, expected a str")
        return f"{self.registration.name}-{versions_of(self.registration)}-{options_key(self.options)}-{own}"

    def __call__(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], prompts: Sequence[Prompt] = ()
    ) -> Iterator[tuple[int, Floats]]:
        """Yield (frame, validated matte) of each frame once; see Segmenter. Raises MatteError."""
        remaining = set(frames)
        # The guard excludes the yield, and thus errors of the caller.
        with guard(self.registration, MatteError):
            found = iter(self.segmenter(frames, plate, prompts))
        while remaining:
            with guard(self.registration, MatteError):
                frame, matte = next(found, (None, None))
                if frame is None or matte is None:
                    raise ValueError(f"it returned no matte for frame {min(remaining)}")
                if frame not in remaining:
                    raise ValueError(f"it returned a matte for frame {frame}, which was not requested or is done")
                _check(frame, matte, plate(frame).shape[:2])
            remaining.remove(frame)
            yield frame, matte


def _check(frame: int, matte: object, size: tuple[int, ...]) -> None:
    """Raise TypeError or ValueError unless a matte is float32 (H, W) in [0, 1]. size: (H, W)."""
    if not isinstance(matte, np.ndarray):
        raise TypeError(f"its matte of frame {frame} is a {type(matte).__name__}, expected an array")
    if matte.shape != size or matte.dtype != np.float32:
        raise ValueError(f"its matte of frame {frame} is {matte.dtype} {matte.shape}, expected float32 {size}")
    if not (matte.min() >= 0 and matte.max() <= 1):
        raise ValueError(f"its matte of frame {frame} has values outside 0 to 1")

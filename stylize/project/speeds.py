"""Speeds of stages measured on this machine, in the user's own data: seconds per step, by size of the picture.

They serve estimates only. No result depends on them, and they are part of no cache key.
"""

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stylize.errors import ProjectError
from stylize.media.safe_write import atomic_write, make_folder
from stylize.project.user_data import VARIABLE, data_folder
from stylize.stages import stable_hash

# File in the user's data, and the version of its format.
FILE, _VERSION = "speeds.json", 1
# Maximum numbers of kept keys and of sizes for each; the latest ones are kept.
_MAX_KEYS, _MAX_SIZES = 200, 12
# Max weight of earlier runs, in steps, against the steps of the latest one.
_MAX_STEPS = 100


@dataclass(frozen=True)
class Speed:
    """Speed of a stage. step: seconds per step. fixed: seconds for each run of the stage. steps: their number."""

    step: float
    fixed: float
    steps: int

    def seconds(self, steps: int) -> float:
        """Return the time of a number of steps."""
        return self.fixed + steps * self.step if steps else 0.0


Sizes = Mapping[int, Speed]


def machine_key(*values: Any) -> str:
    """Return the key of a stage's speed on this machine. values: all else that it depends on, serialisable as JSON."""
    return stable_hash(platform.node(), platform.machine(), values)


def read_speeds() -> dict[str, dict[int, Speed]]:
    """Return the kept speeds by key and number of pixels; empty if there are none, or if they cannot be read."""
    try:
        return _parsed(json.loads((data_folder() / FILE).read_text(encoding="utf-8")))
    except (OSError, ProjectError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def keep_speeds(measured: Sequence[tuple[str, int, Speed]]) -> None:
    """Keep the speeds of a run. measured: key, number of pixels and speed of each stage.

    Several processes may do so at once: the file is replaced as a whole, so that at worst the speeds of one run are
    missing. Raises OutputError or ProjectError if the user's data cannot be written.
    """
    if not measured:
        return
    known = read_speeds()
    for key, pixels, speed in measured:
        sizes = known.pop(key, {})
        earlier = sizes.pop(pixels, None)
        sizes[pixels] = speed if earlier is None else _merged(earlier, speed)
        # The latest key and size come last.
        known[key] = dict(list(sizes.items())[-_MAX_SIZES:])
    _write(data_folder() / FILE, dict(list(known.items())[-_MAX_KEYS:]))


def speed_at(sizes: Sizes, pixels: int, fixed_pixels: int) -> Speed | None:
    """Return the speed at a size, from those measured at this and other sizes; None if there are none.

    fixed_pixels: work of a step that does not depend on the size, as a number of pixels; it is used beyond the measured
    sizes. Between two of them, the time is interpolated.
    """
    if pixels in sizes:
        return sizes[pixels]
    if not sizes:
        return None
    smaller = max((size for size in sizes if size < pixels), default=None)
    larger = min((size for size in sizes if size > pixels), default=None)
    if smaller is not None and larger is not None:
        share = (pixels - smaller) / (larger - smaller)
        one, other = sizes[smaller], sizes[larger]
        return Speed(
            one.step + share * (other.step - one.step), one.fixed + share * (other.fixed - one.fixed),
            min(one.steps, other.steps),
        )  # fmt: skip
    nearest = larger if smaller is None else smaller
    assert nearest is not None
    known = sizes[nearest]
    return Speed(known.step * (fixed_pixels + pixels) / (fixed_pixels + nearest), known.fixed, known.steps)


def _merged(earlier: Speed, latest: Speed) -> Speed:
    """Return the mean of both, weighted by steps, with the smaller fixed part: compiling kernels adds to it."""
    weight = min(earlier.steps, _MAX_STEPS)
    steps = weight + latest.steps
    step = (earlier.step * weight + latest.step * latest.steps) / steps
    return Speed(step, min(earlier.fixed, latest.fixed), steps)


def _parsed(content: Any) -> dict[str, dict[int, Speed]]:
    """Return the speeds in the content of the file. Raises one of several errors for unexpected content."""
    if content["version"] != _VERSION:
        return {}
    speeds = {
        str(key): {
            int(size): Speed(float(one["step"]), float(one["fixed"]), int(one["steps"])) for size, one in some.items()
        }
        for key, some in content["speeds"].items()
    }
    for sizes in speeds.values():
        for size, one in sizes.items():
            if not (
                size > 0 and one.steps > 0 and math.isfinite(one.step + one.fixed) and min(one.step, one.fixed) >= 0
            ):
                raise ValueError("speeds must be positive numbers")
    return speeds


def _write(path: Path, speeds: Mapping[str, Sizes]) -> None:
    content = {
        "version": _VERSION,
        "speeds": {
            key: {str(size): asdict(one) for size, one in sizes.items()} for key, sizes in speeds.items()
        },
    }  # fmt: skip
    make_folder(path.parent)
    with atomic_write(path, f"the folder in {VARIABLE}", shared=True) as partial:
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")

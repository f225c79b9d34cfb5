"""Make, track, refine and composite mattes, which limit where a style is applied.

The package works on arrays and does no file I/O. Conventions, unless a function states otherwise:

- Matte: float32 (H, W) in [0, 1], 1 where the style goes, 0 where the plate stays untouched.
- Plate: uint8 (H, W, 3), RGB. Picture: float32 (H, W, 3), RGB, display-encoded, in [0, 1].
- Flow: float32 (H, W, 2), x then y, in pixels, on the grid of the target frame. ``flow[y, x]`` points to the place in
  the source frame that the pixel comes from: ``target(x) = source(x + flow(x))``.
- Frames are identified by number. Their order in the input is the direction of tracking, forward or backward in time.
- Where the matte is exactly 0, a composite is bit-identical to the plate.

``track_matte`` tracks a painted matte through ``Footage``, and ``fuse_mattes`` combines the mattes tracked from the
keys on both sides of a frame; ``chroma_key``, ``luma_key`` and ``difference_key`` key a single picture; a ``Segmenter``
finds a subject with a network. ``examples/track_a_matte.py`` is a complete program.

The names below are imported at their first use, so that importing the package is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from masks.chroma import chroma_key, screen_colour
    from masks.composite import over
    from masks.difference import difference_key
    from masks.disjoint_over import disjoint_over as composite_layers
    from masks.feather import feather as feather_matte
    from masks.foreground import foreground as estimate_foreground
    from masks.fuse_tracks import fuse_tracks as fuse_mattes
    from masks.grow import grow as grow_matte
    from masks.luma import luma_key
    from masks.segment import Segmenter
    from masks.temporal_smoothing import smooth_mattes
    from masks.track import Footage, Tracked
    from masks.track import track as track_matte

__all__ = [
    "Footage",
    "Segmenter",
    "Tracked",
    "chroma_key",
    "composite_layers",
    "difference_key",
    "estimate_foreground",
    "feather_matte",
    "fuse_mattes",
    "grow_matte",
    "luma_key",
    "over",
    "screen_colour",
    "smooth_mattes",
    "track_matte",
]

# Module and name of each export. No export shares its name with a module, because importing that module would replace
# the export.
_EXPORTS = {
    "Footage": ("track", "Footage"),
    "Segmenter": ("segment", "Segmenter"),
    "Tracked": ("track", "Tracked"),
    "chroma_key": ("chroma", "chroma_key"),
    "composite_layers": ("disjoint_over", "disjoint_over"),
    "difference_key": ("difference", "difference_key"),
    "estimate_foreground": ("foreground", "foreground"),
    "feather_matte": ("feather", "feather"),
    "fuse_mattes": ("fuse_tracks", "fuse_tracks"),
    "grow_matte": ("grow", "grow"),
    "luma_key": ("luma", "luma_key"),
    "over": ("composite", "over"),
    "screen_colour": ("chroma", "screen_colour"),
    "smooth_mattes": ("temporal_smoothing", "smooth_mattes"),
    "track_matte": ("track", "track"),
}


def __getattr__(name: str) -> Any:
    """Import an export at its first use. Raises AttributeError for any other name."""
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, original = _EXPORTS[name]
    value = getattr(import_module(f"{__name__}.{module}"), original)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

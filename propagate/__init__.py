"""Propagate a look through a shot: a key, plates and flow in, stylised frames and their error maps out.

The package works on arrays and does no file I/O. Conventions, unless a function states otherwise:

- Picture: float32 (H, W, 3), RGB, display-encoded, in [0, 1]. Plates are uint8 (H, W, 3), RGB.
- Flow: float32 (H, W, 2), x then y, in pixels, on the grid of the target frame. ``flow[y, x]`` points to the place in
  the source frame that the pixel comes from: ``target(x) = source(x + flow(x))``.
- Nearest-neighbour field: int32 (H, W, 2), x then y, the centre of the source patch of each pixel.
- Error map: float32 (H, W) in [0, 1]; larger is worse.
- Frames are identified by number. Their order in the input is the direction of a pass, forward or backward in time.

A pass starts at a key: build a ``Scene`` (``estimated_scene`` estimates its motion, for example with ``DisFlow``) and
iterate over ``propagate_key``. ``blend_passes`` combines the passes from the keys on both sides of a frame. Identical
inputs give bit-identical results. ``examples/propagate_a_key.py`` is a complete program.

The names below are imported at their first use, so that importing the package is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from propagate.blend import blend as blend_passes
    from propagate.flow import FlowEstimator, Step, estimate_step, step_from_flows, warp
    from propagate.flow_dis import DisFlow
    from propagate.scene import Scene, estimated_scene
    from propagate.synthesis import PassState, StylisedFrame, SynthesisSettings, propagate_key

__all__ = [
    "DisFlow",
    "FlowEstimator",
    "PassState",
    "Scene",
    "Step",
    "StylisedFrame",
    "SynthesisSettings",
    "blend_passes",
    "estimate_step",
    "estimated_scene",
    "propagate_key",
    "step_from_flows",
    "warp",
]

# Module and name of each export. No export shares its name with a module, because importing that module would replace
# the export.
_EXPORTS = {
    "DisFlow": ("flow_dis", "DisFlow"),
    "FlowEstimator": ("flow", "FlowEstimator"),
    "PassState": ("synthesis", "PassState"),
    "Scene": ("scene", "Scene"),
    "Step": ("flow", "Step"),
    "StylisedFrame": ("synthesis", "StylisedFrame"),
    "SynthesisSettings": ("synthesis", "SynthesisSettings"),
    "blend_passes": ("blend", "blend"),
    "estimate_step": ("flow", "estimate_step"),
    "estimated_scene": ("scene", "estimated_scene"),
    "propagate_key": ("synthesis", "propagate_key"),
    "step_from_flows": ("flow", "step_from_flows"),
    "warp": ("flow", "warp"),
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

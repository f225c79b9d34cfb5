"""Denoise a large picture in overlapping tiles: its prediction is the weighted mean of the predictions for the tiles.

As in MultiDiffusion (Bar-Tal et al. 2023), tiles are merged at every step, not at the end, so that they cannot diverge.
Each has the size that the model was trained at, a weight that falls towards its border, and the part of the ControlNet
pictures that covers it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats

# Minimum share of a tile's side that overlaps its neighbour.
OVERLAP = 0.25

Part = tuple[slice, slice]


@dataclass(frozen=True)
class Tiling:
    """Tiles over a grid of height x width. parts: rows and columns of each, all of equal size."""

    height: int
    width: int
    parts: tuple[Part, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a tile."""
        rows, columns = self.parts[0]
        return rows.stop - rows.start, columns.stop - columns.start


def plan_tiles(height: int, width: int, side: int) -> Tiling:
    """Cover a grid with as few tiles as possible, evenly spaced, of at most ``side`` each way."""
    parts = [(rows, columns) for rows in _spread(height, side) for columns in _spread(width, side)]
    return Tiling(height, width, tuple(parts))


def feather(tiling: Tiling) -> Floats:
    """Return the weights of a tile, float32 (h, w): 1 inside, falling towards its border, always above 0."""
    rows, columns = (_ramp(length) for length in tiling.size)
    return np.ascontiguousarray(rows[:, None] * columns[None, :], F32)


def _spread(length: int, side: int) -> list[slice]:
    side = min(side, length)
    shared = int(side * OVERLAP)
    count = 1 if side == length else -(-(length - shared) // (side - shared))
    starts = [round(number * (length - side) / (count - 1)) for number in range(count)] if count > 1 else [0]
    return [slice(start, start + side) for start in starts]


def _ramp(length: int) -> Floats:
    near = np.minimum(np.arange(length), np.arange(length)[::-1]) + 0.5
    return np.minimum(near / max(1.0, length * OVERLAP), 1).astype(F32)


@contextmanager
def in_tiles(pipeline: Any, side: int) -> Iterator[None]:
    """Run the pipeline's UNet and ControlNets tile by tile, ``side`` latent pixels each, inside the context."""
    control_calls: list[_Control] = []
    with ExitStack() as within:
        control = getattr(pipeline, "controlnet", None)
        if control is not None:
            within.enter_context(_replaced_forward(control, lambda inner: _recorded(inner, control_calls)))
        within.enter_context(_replaced_forward(pipeline.unet, lambda inner: _tiled(inner, side, control_calls)))
        yield


@contextmanager
def tiled_autoencoder(pipeline: Any) -> Iterator[None]:
    """Enable the autoencoder's own tiling, which saves memory, inside the context."""
    vae = pipeline.vae
    before = vae.use_tiling
    vae.enable_tiling()
    try:
        yield
    finally:
        if not before:
            vae.disable_tiling()


@dataclass(frozen=True)
class _Control:
    """Recorded call of a ControlNet, to be repeated for each tile. forward: the network's own."""

    forward: Callable[..., Any]
    sample: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def residuals(self, part: Part, count: int) -> dict[str, Any]:
        """Return a tile's residuals for the UNet. count: its batch; the ControlNet's may lack the negative prompt."""
        pictures = self.kwargs["controlnet_cond"]
        pictures = pictures if isinstance(pictures, list) else [pictures]
        cut = [_crop(picture, part, picture.shape[-1] // self.sample.shape[-1]) for picture in pictures]
        kwargs = {**self.kwargs, "controlnet_cond": cut if isinstance(self.kwargs["controlnet_cond"], list) else cut[0]}
        down, middle = self.forward(_crop(self.sample, part), *self.args, **kwargs)[:2]
        return {
            "down_block_additional_residuals": tuple(_with_negative(one, count) for one in down),
            "mid_block_additional_residual": _with_negative(middle, count),
        }


def _recorded(inner: Callable[..., Any], control_calls: list[_Control]) -> Callable[..., Any]:
    def forward(sample: Any, *args: Any, **kwargs: Any) -> Any:
        control_calls[:] = [_Control(inner, sample, args, kwargs)]
        nothing = sample.new_zeros(1)
        return (nothing,), nothing

    return forward


def _tiled(inner: Callable[..., Any], side: int, control_calls: list[_Control]) -> Callable[..., Any]:
    def forward(sample: Any, *args: Any, **kwargs: Any) -> Any:
        import torch

        tiling = plan_tiles(sample.shape[-2], sample.shape[-1], side)
        weight = torch.from_numpy(feather(tiling)).to(sample.device)
        total = torch.zeros(sample.shape, device=sample.device)
        weights = torch.zeros(sample.shape[-2:], device=sample.device)
        kwargs["return_dict"] = False
        for part in tiling.parts:
            added = control_calls[0].residuals(part, len(sample)) if control_calls else {}
            prediction = inner(_crop(sample, part), *args, **{**kwargs, **added})[0]
            total[(..., *part)] += prediction.float() * weight
            weights[part] += weight
        control_calls.clear()
        return ((total / weights).to(sample.dtype),)

    return forward


def _crop(values: Any, part: Part, scale: int = 1) -> Any:
    """Return a tile of (n, C, H, W). scale: resolution of the values relative to the tiles' grid."""
    rows, columns = (slice(one.start * scale, one.stop * scale) for one in part)
    return values[..., rows, columns].contiguous()


def _with_negative(values: Any, count: int) -> Any:
    """Prepend zeros for the negative prompt to values of the prompt alone."""
    import torch

    return values if len(values) == count else torch.cat([torch.zeros_like(values), values])


@contextmanager
def _replaced_forward(module: Any, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Replace the module's ``forward`` by the version that ``make`` returns inside the context, keeping its hooks."""
    own = "forward" in vars(module)
    inner = module.forward
    module.forward = make(inner)
    try:
        yield
    finally:
        if own:
            module.forward = inner
        else:
            del module.forward

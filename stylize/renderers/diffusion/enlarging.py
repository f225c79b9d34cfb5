"""Repainting of a key in tiles at a larger size (``--upscale``): plan, cost and execution."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from propagate.arrays import Floats
from stylize.errors import RendererError
from stylize.renderers.diffusion import fusion
from stylize.renderers.diffusion.conditions import control_arguments, control_pictures
from stylize.renderers.diffusion.frame_settings import FrameSettings, settings_at
from stylize.renderers.diffusion.latent_compositing import LatentCompositor, previous_key_of
from stylize.renderers.diffusion.models import SDXL
from stylize.renderers.diffusion.painting import OnStep, Painter
from stylize.renderers.diffusion.sizes import Working, crop_resize, larger, tile_side
from stylize.renderers.diffusion.tiles import in_tiles, plan_tiles, tiled_autoencoder
from stylize.renderers.protocol import RenderRequest


@dataclass(frozen=True)
class UpscalePlan:
    """Plan to repaint a key of size ``working`` at size ``target``. side: maximum side of the tiles, in pixels.

    tile: (width, height) of a tile in pixels. count: number of tiles.
    """

    working: Working
    target: Working
    side: int
    tile: tuple[int, int]
    count: int

    def cost(self, steps: int, frame_settings: FrameSettings) -> str:
        """Describe the cost of the tiles relative to the key itself. steps: number of steps of a full denoising."""
        done = (max(1, int(steps * share)) for share in (frame_settings.denoise, frame_settings.upscale_denoise))
        pixels = math.prod(self.working.size), self.count * math.prod(self.tile)
        first, again = (pixel_count * step_count for pixel_count, step_count in zip(pixels, done, strict=True))
        return (
            f"repainted at {self.target.size[0]}x{self.target.size[1]} in {self.count} tiles of "
            f"{self.tile[0]}x{self.tile[1]}, about {again / first:.1f} times the cost of the key at "
            f"{self.working.size[0]}x{self.working.size[1]}"
        )

    def facts(self, frame_settings: FrameSettings) -> dict[str, Any]:
        """Return the metadata to record for the plan."""
        return {
            "size": list(self.target.size), "tile": list(self.tile), "tiles": self.count,
            "denoise": frame_settings.upscale_denoise,
        }  # fmt: skip


def plan_upscale(working: Working, by: float | None, family: str) -> UpscalePlan | None:
    """Plan a repaint at ``by`` times the size; None if ``by`` is None or the key already has the plate's size."""
    target = None if by is None else larger(working, by)
    if target is None:
        return None
    side = tile_side(working, family)
    tiling = plan_tiles(target.size[1], target.size[0], side)
    high, wide = tiling.size
    return UpscalePlan(working, target, side, (wide, high), len(tiling.parts))


def refuse_needless_upscale(request: RenderRequest, working: Working, by: float | None, family: str) -> None:
    """Raise RendererError if ``--upscale`` would have no effect.

    With a small matte, only some keys may already have the plate's size; that is not an error. Nor is it an error in a
    draft, whose working size says nothing about the full run.
    """
    if by is not None and request.matte is None and request.scale == 1 and plan_upscale(working, by, family) is None:
        wide, high = working.size
        raise RendererError(
            f"--upscale has no effect, because plates are processed at their own size, {wide}x{high}; leave it out, "
            "or give a smaller --render-size"
        )


def repaint_in_tiles(
    painter: Painter, request: RenderRequest, start: Floats, base_pictures: Mapping[str, Floats], plan: UpscalePlan,
    on_step: OnStep,
) -> Floats:  # fmt: skip
    """Repaint ``start``, the key at its larger size, float32 (h, w, 3), in tiles.

    base_pictures: control pictures of the key at its smaller size, by kind.
    """
    frame_settings, target = settings_at(painter.settings, request.frame), plan.target
    pipeline = painter.pipeline(request.frame, from_image=True)
    with tiled_autoencoder(pipeline), in_tiles(pipeline, plan.side // pipeline.vae_scale_factor):
        kwargs = painter.prompt_arguments(pipeline, frame_settings)
        kwargs |= painter.reference_arguments(pipeline, request.style, frame_settings)
        pictures = control_pictures(painter.parts, request, crop_resize(request.plate, target), target, base_pictures)
        kwargs |= control_arguments(pictures, request.frame, from_image=True)
        kwargs |= {"image": fusion.encode_picture(pipeline, start), "strength": frame_settings.upscale_denoise}
        if painter.parts.model.family == SDXL:
            # The network treats every tile as a separate picture.
            wide, high = plan.tile
            kwargs |= {"original_size": (high, wide), "target_size": (high, wide)}
        previous_key = previous_key_of(request, painter.settings.fuse)
        blends: tuple[fusion.LatentBlend, ...] = ()
        if previous_key is not None:
            blends = (
                previous_key.blend(fusion.encode_picture(pipeline, crop_resize(previous_key.picture, target)), target),
            )
        return painter.sample(pipeline, request, kwargs, LatentCompositor(blends, request.seed), on_step)

"""A key painted again in tiles, at a larger size (``--upscale``): what for, how, and what it costs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from propagate.arrays import Floats
from stylize.errors import RendererError
from stylize.renderers.diffusion import fusion
from stylize.renderers.diffusion.conditions import control_arguments, control_pictures
from stylize.renderers.diffusion.frame_settings import Moment, moment_at
from stylize.renderers.diffusion.latent_compositing import Laying, carried_by
from stylize.renderers.diffusion.models import SDXL
from stylize.renderers.diffusion.painting import OnStep, Painter
from stylize.renderers.diffusion.sizes import Working, enter, larger, tile_side
from stylize.renderers.diffusion.tiles import in_tiles, plan_tiles, tiled_autoencoder
from stylize.renderers.protocol import RenderRequest


@dataclass(frozen=True)
class Enlarging:
    """How a key worked as ``working`` is painted again as ``target``. side: of the square tiles, in pixels, at most.

    tile: (width, height) of one in pixels. count: how many there are.
    """

    working: Working
    target: Working
    side: int
    tile: tuple[int, int]
    count: int

    def cost(self, steps: int, moment: Moment) -> str:
        """What the tiles take beside the key itself, to be told. steps: of a whole course."""
        done = (max(1, int(steps * share)) for share in (moment.denoise, moment.upscale_denoise))
        pixels = math.prod(self.working.size), self.count * math.prod(self.tile)
        first, again = (many * of for many, of in zip(pixels, done, strict=True))
        return (
            f"painted again at {self.target.size[0]}x{self.target.size[1]} in {self.count} tiles of "
            f"{self.tile[0]}x{self.tile[1]}, about {again / first:.1f} times the work of the key at "
            f"{self.working.size[0]}x{self.working.size[1]}"
        )

    def facts(self, moment: Moment) -> dict[str, Any]:
        """What is recorded of it."""
        return {
            "size": list(self.target.size), "tile": list(self.tile), "tiles": self.count,
            "denoise": moment.upscale_denoise,
        }  # fmt: skip


def plan_enlarging(working: Working, by: float | None, family: str) -> Enlarging | None:
    """How a key is painted again at ``by`` times the size; None where it is not, or is at the plate's own already."""
    target = None if by is None else larger(working, by)
    if target is None:
        return None
    side = tile_side(working, family)
    tiling = plan_tiles(target.size[1], target.size[0], side)
    high, wide = tiling.size
    return Enlarging(working, target, side, (wide, high), len(tiling.parts))


def refuse_idle(request: RenderRequest, working: Working, by: float | None, family: str) -> None:
    """RendererError where ``--upscale`` would do nothing.

    Small boxes of mattes may come at the plate's own size already; a whole plate does so at every key.
    """
    if by is not None and request.matte is None and plan_enlarging(working, by, family) is None:
        wide, high = working.size
        raise RendererError(
            f"--upscale has nothing to do: plates are worked at their own size, {wide}x{high}; leave it out, "
            "or give a smaller --render-size"
        )


def enlarge(
    painter: Painter, request: RenderRequest, start: Floats, seen: Mapping[str, Floats], plan: Enlarging,
    on_step: OnStep,
) -> Floats:  # fmt: skip
    """``start``, the key at its larger size, float32 (h, w, 3), painted again in tiles.

    seen: pictures of the controls that led it at its smaller one, by kind.
    """
    moment, target = moment_at(painter.settings, request.frame), plan.target
    pipeline = painter.pipeline(request.frame, from_image=True)
    with tiled_autoencoder(pipeline), in_tiles(pipeline, plan.side // pipeline.vae_scale_factor):
        asked = painter.words(pipeline, moment) | painter.reference.arguments(request.style)
        pictures = control_pictures(painter.parts, request, enter(request.plate, target), target, seen)
        asked |= control_arguments(pictures, request.frame, from_image=True)
        asked |= {"image": fusion.encode_picture(pipeline, start), "strength": moment.upscale_denoise}
        if painter.parts.model.family == SDXL:
            # Every tile is a picture of its own to the network.
            wide, high = plan.tile
            asked |= {"original_size": (high, wide), "target_size": (high, wide)}
        carried = carried_by(request, painter.settings.fuse)
        anchors: tuple[fusion.Anchor, ...] = ()
        if carried is not None:
            anchors = (carried.anchor(fusion.encode_picture(pipeline, enter(carried.picture, target)), target),)
        return painter.sampled(pipeline, request, asked, Laying(anchors, request.seed), on_step)

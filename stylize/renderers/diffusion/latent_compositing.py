"""What a painting keeps to in its course: the earlier key where it shows the same, the plate outside of the matte.

The earlier key counts from the start, in the picture that noise is laid over; then after each step, in the latents;
and once, in the middle, in pixels.
"""

from dataclasses import dataclass, replace
from typing import Any

from propagate.arrays import F32, Floats
from stylize.renderers.diffusion import fusion
from stylize.renderers.diffusion.pixel_fusion import NetworkWatch, fuse_pixels
from stylize.renderers.diffusion.sizes import Working, crop_resize
from stylize.renderers.protocol import RenderRequest


@dataclass(frozen=True)
class PreviousKey:
    """The earlier key on this frame. picture: float32 (H, W, 3). confidence: float32 (H, W), where it shows the same.

    until: share of the steps, from the first on, in which it is laid in.
    """

    picture: Floats
    confidence: Floats
    until: float

    def start(self, plate: Floats) -> Floats:
        """The picture that noise is laid over: the plate, (H, W, 3), and the earlier key where it is trusted."""
        share = self.confidence[..., None]
        return (share * self.picture + (1 - share) * plate).astype(F32)

    def pixel_step(self, total: int) -> int:
        """The step, of ``total``, after which it is laid in in pixels: the middle of those that have it; -1: none."""
        fused_steps = int(self.until * total)
        return fused_steps // 2 if fused_steps else -1

    def blend(self, latents: Any, working: Working) -> fusion.LatentBlend:
        """``latents``, (1, C, h, w), of a picture that shows it, kept where it is trusted."""
        return fusion.LatentBlend(
            latents, fusion.latent_mask(crop_resize(self.confidence, working), latents), self.until
        )


def previous_key_of(request: RenderRequest, until: float) -> PreviousKey | None:
    """The earlier key that a request brings; None where there is none, or ``until`` lays it in at no step."""
    if request.warped is None or request.confidence is None or until <= 0:
        return None
    return PreviousKey(request.warped, request.confidence, until)


def plate_blend(pipeline: Any, plate: Floats, matte: Floats, working: Working) -> fusion.LatentBlend:
    """The plate, kept outside of the matte. plate: float32 (h, w, 3), as it is worked. matte: (H, W)."""
    outside = fusion.encode_picture(pipeline, plate)
    inside = (matte > 0).astype(F32)
    return fusion.LatentBlend(outside, 1 - fusion.latent_mask(crop_resize(inside, working), outside), 1.0)


@dataclass(frozen=True)
class PixelFusion:
    """The earlier key laid in in pixels, once. working: how the plate is worked. watch: sees the network meanwhile.

    cfg: guidance of the steps.
    """

    warped: PreviousKey
    working: Working
    watch: NetworkWatch
    cfg: float

    def apply(self, pipeline: Any, blend: fusion.LatentBlend) -> fusion.LatentBlend:
        """The earlier key's anchor as what is being painted, with that key laid over it."""
        picture, confidence = (crop_resize(one, self.working) for one in (self.warped.picture, self.warped.confidence))
        painted = self.watch.painted(pipeline.scheduler, self.cfg)
        latents = fuse_pixels(pipeline, painted, blend.latents, blend.mask, picture, confidence)
        return replace(blend, latents=latents)


@dataclass
class LatentCompositor:
    """Lays the anchors into the latents after each step. seed: of their noise.

    pixel_fusion: what becomes of the first of them at its middle step; None where all are kept as they are.
    """

    blends: tuple[fusion.LatentBlend, ...]
    seed: int
    pixel_fusion: PixelFusion | None = None

    def composite(self, pipeline: Any, step: int, latents: Any) -> Any:
        """The latents (1, C, h, w) after ``step``, from 0, with everything laid in."""
        pixels = self.pixel_fusion
        if pixels is not None and step == pixels.warped.pixel_step(pipeline.num_timesteps):
            self.blends = (pixels.apply(pipeline, self.blends[0]), *self.blends[1:])
        return fusion.fuse(latents, self.blends, self.seed, pipeline, step) if self.blends else latents

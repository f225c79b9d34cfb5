"""Compositing during denoising: the previous key where it shows the same content, the plate outside the matte.

The previous key is blended into the start picture, before noise is added; then into the latents after each step; and
once in pixels, at the middle step.
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
    """The previous key on this frame. picture: float32 (H, W, 3). confidence: float32 (H, W) that it shows the same
    content.

    until: share of the steps, from the first on, in which it is blended.
    """

    picture: Floats
    confidence: Floats
    until: float

    def start(self, plate: Floats) -> Floats:
        """Return the picture that noise is added to: the plate, (H, W, 3), with the previous key by confidence."""
        share = self.confidence[..., None]
        return (share * self.picture + (1 - share) * plate).astype(F32)

    def pixel_step(self, total: int) -> int:
        """Return the step, of ``total``, after which the key is blended in pixels, the middle of its steps, or -1."""
        fused_steps = int(self.until * total)
        return fused_steps // 2 if fused_steps else -1

    def blend(self, latents: Any, working: Working) -> fusion.LatentBlend:
        """Return a blend of the key, from ``latents`` (1, C, h, w) of a picture that shows it, masked by confidence."""
        return fusion.LatentBlend(
            latents, fusion.latent_mask(crop_resize(self.confidence, working), latents), self.until
        )


def previous_key_of(request: RenderRequest, until: float) -> PreviousKey | None:
    """Return the previous key of a request; None if there is none or ``until`` is not positive."""
    if request.warped is None or request.confidence is None or until <= 0:
        return None
    return PreviousKey(request.warped, request.confidence, until)


def plate_blend(pipeline: Any, plate: Floats, matte: Floats, working: Working) -> fusion.LatentBlend:
    """Return a blend of the plate outside the matte. plate: float32 (h, w, 3), at working size. matte: (H, W)."""
    outside = fusion.encode_picture(pipeline, plate)
    inside = (matte > 0).astype(F32)
    return fusion.LatentBlend(outside, 1 - fusion.latent_mask(crop_resize(inside, working), outside), 1.0)


@dataclass(frozen=True)
class PixelFusion:
    """Single blend of the previous key in pixels. working: working size. watch: records the network's input and output.

    cfg: guidance scale.
    """

    warped: PreviousKey
    working: Working
    watch: NetworkWatch
    cfg: float

    def apply(self, pipeline: Any, blend: fusion.LatentBlend) -> fusion.LatentBlend:
        """Replace the latents of the previous key's blend by the painting so far with that key composited over it."""
        picture, confidence = (crop_resize(one, self.working) for one in (self.warped.picture, self.warped.confidence))
        painted = self.watch.painted(pipeline.scheduler, self.cfg)
        latents = fuse_pixels(pipeline, painted, blend.latents, blend.mask, picture, confidence)
        return replace(blend, latents=latents)


@dataclass
class LatentCompositor:
    """Compositor of blends into the latents after each step. seed: seed of their noise.

    pixel_fusion: replaces the first blend at its middle step; None to leave all blends unchanged.
    """

    blends: tuple[fusion.LatentBlend, ...]
    seed: int
    pixel_fusion: PixelFusion | None = None

    def composite(self, pipeline: Any, step: int, latents: Any) -> Any:
        """Composite all blends into the latents (1, C, h, w) after ``step``, from 0."""
        pixels = self.pixel_fusion
        if pixels is not None and step == pixels.warped.pixel_step(pipeline.num_timesteps):
            self.blends = (pixels.apply(pipeline, self.blends[0]), *self.blends[1:])
        return fusion.fuse(latents, self.blends, self.seed, pipeline, step) if self.blends else latents

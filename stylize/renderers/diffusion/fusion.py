"""Blending of pictures into the latents during denoising: the previous key where it shows the same content, and the
plate outside the matte.

After each step, the latents in these areas are replaced by those of the picture, noised to the level of the next step,
as in blended latent diffusion (Avrahami et al. 2023) and Rerender-A-Video (Yang et al. 2023).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from propagate.arrays import F32, Floats


@dataclass(frozen=True)
class LatentBlend:
    """Picture to blend into the painting. latents: (1, C, h, w). mask: (1, 1, h, w) in [0, 1], 1 for the picture.

    until: share of the steps, from the first on, in which it is blended.
    """

    latents: Any
    mask: Any
    until: float


def encode_picture(pipeline: Any, picture: Floats) -> Any:
    """Encode a picture (H, W, 3) in [0, 1] to latents (1, C, h, w): the mode of the autoencoder's distribution."""
    import torch

    vae = pipeline.vae
    with torch.no_grad(), _safe_precision(vae):
        # An offloaded autoencoder computes on the execution device, not on the one that stores it.
        values = to_tensor(picture).to(pipeline._execution_device, vae.dtype) * 2 - 1
        return vae.encode(values).latent_dist.mode() * vae.config.scaling_factor


def decode_latents(pipeline: Any, latents: Any) -> Floats:
    """Decode latents (1, C, h, w) to a picture, float32 (H, W, 3), not clipped."""
    import torch

    vae = pipeline.vae
    with torch.no_grad(), _safe_precision(vae):
        made = vae.decode(latents.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0]
    return np.ascontiguousarray((made[0].float().cpu().numpy().transpose(1, 2, 0) + 1) / 2, F32)


def latent_mask(mask: Floats, latents: Any) -> Any:
    """Resize ``mask``, float32 (H, W), to the latents' grid, (1, 1, h, w), by area averaging."""
    import torch

    size = (latents.shape[3], latents.shape[2])
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.ascontiguousarray(small[None, None], F32)).to(latents.device, latents.dtype)


def fuse(latents: Any, blends: tuple[LatentBlend, ...], seed: int, pipeline: Any, step: int) -> Any:
    """Blend the pictures into ``latents`` after ``step`` (from 0), at the noise level of the next step.

    seed: seed of that noise, which is the same at every step.
    """
    import torch

    generator = torch.Generator("cpu").manual_seed(seed)
    noise = torch.randn(latents.shape, generator=generator).to(latents.device, latents.dtype)
    timesteps, total = pipeline.scheduler.timesteps, pipeline.num_timesteps
    later = len(timesteps) - total + step + 1
    for blend in blends:
        if (step + 1) / total > blend.until:
            continue
        source = blend.latents.to(latents.dtype)
        if later < len(timesteps):
            source = pipeline.scheduler.add_noise(source, noise, timesteps[later : later + 1])
        mask = blend.mask.to(latents.dtype)
        latents = (mask * source + (1 - mask) * latents).to(latents.dtype)
    return latents


def to_tensor(picture: Floats) -> Any:
    """Return a picture (H, W, 3) as a batch (1, 3, H, W)."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))


class _safe_precision:  # noqa: N801
    """Context in which an autoencoder that overflows in half precision runs in single precision."""

    def __init__(self, vae: Any) -> None:
        import torch

        self.vae, self.precision = vae, vae.dtype
        self.upcast = vae.dtype == torch.float16 and bool(vae.config.get("force_upcast"))

    def __enter__(self) -> None:
        if self.upcast:
            import torch

            self.vae.to(dtype=torch.float32)

    def __exit__(self, *error: object) -> None:
        if self.upcast:
            self.vae.to(dtype=self.precision)

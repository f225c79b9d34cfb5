"""Blending of the previous key into the painting in pixels, once, at the middle of its steps.

Until then it is blended into the latents, which hold one value per 8x8 pixels and determine shapes. Then the painting
so far is decoded, the warped key is composited over it by its confidence per pixel, and the result is encoded again
(pixel-aware fusion of Rerender-A-Video, Yang et al. 2023). Each round trip through the autoencoder loses detail, which
would accumulate from key to key. The loss of this picture is measured and compensated, as in their fidelity-oriented
encoding: latents without a blend stay unchanged, and elsewhere the remaining loss is of second order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.renderers.diffusion.fusion import decode_latents, encode_picture

# Maximum share of the latents lost in a round trip. An autoencoder that loses more does not reconstruct pictures, and
# its loss cannot be compensated.
MAX_ROUND_TRIP_LOSS = 0.5
# Minimum cumulative alpha of a step: at 0, the picture cannot be separated from the noise.
_MIN_ALPHA = 1e-4


@dataclass
class NetworkWatch:
    """Last input and output of the network, (batch, C, h, w) each, and the timestep."""

    sample: Any = None
    prediction: Any = None
    timestep: Any = None

    def painted(self, scheduler: Any, cfg: float) -> Any:
        """Return the denoised latents (1, C, h, w), float32, that the last step predicts, for any sampler."""
        prediction = self.prediction.float()
        if len(prediction) == 2:  # first without the prompt, then with it
            prediction = prediction[:1] + cfg * (prediction[1:] - prediction[:1])
        sample = self.sample[-1:].float()
        alpha = max(scheduler.alphas_cumprod[round(float(self.timestep))].item(), _MIN_ALPHA)
        kind = scheduler.config.get("prediction_type", "epsilon")
        if kind == "sample":
            return prediction
        if kind == "v_prediction":
            return alpha**0.5 * sample - (1 - alpha) ** 0.5 * prediction
        return (sample - (1 - alpha) ** 0.5 * prediction) / alpha**0.5


@contextmanager
def watch_network(pipeline: Any) -> Iterator[NetworkWatch]:
    """Record the last input and output of the network inside the context."""
    watch = NetworkWatch()

    def record(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        watch.sample, watch.timestep, watch.prediction = args[0], args[1], output[0]

    handle = pipeline.unet.register_forward_hook(record, with_kwargs=True)
    try:
        yield watch
    finally:
        handle.remove()


def fuse_pixels(pipeline: Any, painted: Any, key_latents: Any, mask: Any, warped: Floats, confidence: Floats) -> Any:
    """Return latents (1, C, h, w) of the painting so far with the warped key composited over it.

    painted: latents of the painting. key_latents: latents of the warped key, with mask (1, 1, h, w) in [0, 1].
    warped: float32 (H, W, 3) in [0, 1], and confidence (H, W): the same key in pixels.
    """
    blended = (mask * key_latents + (1 - mask) * painted.to(key_latents.dtype)).to(key_latents.dtype)
    decoded = np.clip(decode_latents(pipeline, blended), 0, 1)
    share = confidence[..., None]
    fused = (share * warped + (1 - share) * decoded).astype(F32)
    round_trip, fused_latents = (encode_picture(pipeline, picture) for picture in (decoded, fused))
    if float((round_trip - blended).float().abs().mean()) > MAX_ROUND_TRIP_LOSS * float(blended.float().abs().mean()):
        return blended + mask * (fused_latents - blended)
    return blended + (fused_latents - round_trip)

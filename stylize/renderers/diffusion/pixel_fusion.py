"""The earlier key laid into the painting in pixels, once, in the middle of the steps.

Until then it is laid into the latents, which hold one value for 8x8 pixels and settle shapes. Then what is being
painted is decoded, the carried key is laid over it where flow is trusted, to the pixel, and the result goes back into
the latents (pixel-aware fusion of Rerender-A-Video, Yang et al. 2023). A way through the autoencoder loses detail, from
key to key a little more; what it loses of this very picture is measured on the way and given in advance, as in
their fidelity-oriented encoding: where nothing was laid in, latents stay what they were, and elsewhere a loss is of
second order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.renderers.diffusion.fusion import decode_latents, encode_picture

# An autoencoder that loses a larger share of the latents on one way back and forth does not bring back pictures, and
# what it loses cannot be given in advance.
MAX_ROUND_TRIP_LOSS = 0.5
# No step has less of the picture in it: at none, what is painted could not be told from noise.
_MIN_ALPHA = 1e-4


@dataclass
class NetworkWatch:
    """What the network was last shown, and what it said: (batch, C, h, w) each, and the timestep."""

    sample: Any = None
    prediction: Any = None
    timestep: Any = None

    def painted(self, scheduler: Any, cfg: float) -> Any:
        """The latents (1, C, h, w), float32, that the painting is on its way to, whatever the sampler."""
        prediction = self.prediction.float()
        if len(prediction) == 2:  # without the prompt, and with it
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
    """Within it, what the network is shown and says last can be seen."""
    watch = NetworkWatch()

    def record(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        watch.sample, watch.timestep, watch.prediction = args[0], args[1], output[0]

    handle = pipeline.unet.register_forward_hook(record, with_kwargs=True)
    try:
        yield watch
    finally:
        handle.remove()


def fuse_pixels(pipeline: Any, painted: Any, key_latents: Any, mask: Any, warped: Floats, confidence: Floats) -> Any:
    """Latents (1, C, h, w) of what is being painted with the carried key laid over it.

    painted: its latents. key_latents: latents of the carried key, with mask (1, 1, h, w) in [0, 1], where they count.
    warped: float32 (H, W, 3) in [0, 1], and trusted (H, W): the same in pixels.
    """
    blended = (mask * key_latents + (1 - mask) * painted.to(key_latents.dtype)).to(key_latents.dtype)
    decoded = np.clip(decode_latents(pipeline, blended), 0, 1)
    share = confidence[..., None]
    fused = (share * warped + (1 - share) * decoded).astype(F32)
    round_trip, fused_latents = (encode_picture(pipeline, picture) for picture in (decoded, fused))
    if float((round_trip - blended).float().abs().mean()) > MAX_ROUND_TRIP_LOSS * float(blended.float().abs().mean()):
        return blended + mask * (fused_latents - blended)
    return blended + (fused_latents - round_trip)

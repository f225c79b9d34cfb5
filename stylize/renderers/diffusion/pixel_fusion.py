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
FAITHFUL = 0.5
# No step has less of the picture in it: at none, what is painted could not be told from noise.
_LEAST_KEPT = 1e-4


@dataclass
class Watch:
    """What the network was last shown, and what it said: (batch, C, h, w) each, and the moment."""

    sample: Any = None
    said: Any = None
    moment: Any = None

    def painted(self, scheduler: Any, cfg: float) -> Any:
        """The latents (1, C, h, w), float32, that the painting is on its way to, whatever the sampler."""
        said = self.said.float()
        if len(said) == 2:  # without the prompt, and with it
            said = said[:1] + cfg * (said[1:] - said[:1])
        sample = self.sample[-1:].float()
        kept = max(scheduler.alphas_cumprod[round(float(self.moment))].item(), _LEAST_KEPT)
        kind = scheduler.config.get("prediction_type", "epsilon")
        if kind == "sample":
            return said
        if kind == "v_prediction":
            return kept**0.5 * sample - (1 - kept) ** 0.5 * said
        return (sample - (1 - kept) ** 0.5 * said) / kept**0.5


@contextmanager
def watched(pipeline: Any) -> Iterator[Watch]:
    """Within it, what the network is shown and says last can be seen."""
    watch = Watch()

    def see(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        watch.sample, watch.moment, watch.said = args[0], args[1], output[0]

    handle = pipeline.unet.register_forward_hook(see, with_kwargs=True)
    try:
        yield watch
    finally:
        handle.remove()


def fuse_pixels(pipeline: Any, painted: Any, laid: Any, mask: Any, carried: Floats, trusted: Floats) -> Any:
    """Latents (1, C, h, w) of what is being painted with the carried key laid over it.

    painted: its latents. laid: latents of the carried key, with mask (1, 1, h, w) in [0, 1], where they count.
    carried: float32 (H, W, 3) in [0, 1], and trusted (H, W): the same in pixels.
    """
    before = (mask * laid + (1 - mask) * painted.to(laid.dtype)).to(laid.dtype)
    seen = np.clip(decode_latents(pipeline, before), 0, 1)
    share = trusted[..., None]
    fused = (share * carried + (1 - share) * seen).astype(F32)
    back, after = (encode_picture(pipeline, picture) for picture in (seen, fused))
    if float((back - before).float().abs().mean()) > FAITHFUL * float(before.float().abs().mean()):
        return before + mask * (after - before)
    return before + (after - back)

"""Conditioning other than prompts: pictures for ControlNets, and the reference picture through an IP-Adapter."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from propagate.arrays import Bytes, Floats
from stylize.context.model_store import ResultCache
from stylize.renderers.diffusion import fusion
from stylize.renderers.diffusion.activation_cache import cache_key
from stylize.renderers.diffusion.adapters import ImageAdapter
from stylize.renderers.diffusion.annotators import ANNOTATORS
from stylize.renderers.diffusion.control import Control
from stylize.renderers.diffusion.parts import Parts
from stylize.renderers.diffusion.sizes import Working, crop_resize, resize
from stylize.renderers.protocol import RenderRequest


def control_pictures(
    parts: Parts,
    request: RenderRequest,
    plate: Floats,
    working: Working,
    base_pictures: Mapping[str, Floats] | None = None,
) -> list[tuple[Control, Floats]]:
    """Return each active control with its picture at the working size, float32 (h, w, 3) in [0, 1].

    plate: float32 (h, w, 3), at the working size. base_pictures: pictures of another size; those made by networks are
    resized instead of recomputed.
    """
    found = []
    for control in parts.active_controls(request.frame):
        if control.annotator is not None and base_pictures is not None:
            found.append((control, np.clip(resize(base_pictures[control.kind], working.size), 0, 1)))
        elif control.annotator is not None:
            found.append((control, parts.annotate(control.kind, control.annotator, plate)))
        elif control.requested.path is None:
            found.append((control, ANNOTATORS[control.kind](plate, request.seed)))
        else:
            found.append((control, crop_resize(request.controls[str(control.requested)], working)))
    return found


def control_arguments(pictures: list[tuple[Control, Floats]], frame: int, *, from_image: bool) -> dict[str, Any]:
    """Return the controls as arguments of a pipeline: lists, or single values if there is only one."""
    if not pictures:
        return {}
    strengths = [control.strength for control, _ in pictures]
    kwargs: dict[str, Any] = {
        "control_image" if from_image else "image": [fusion.to_tensor(picture) for _, picture in pictures],
        "controlnet_conditioning_scale": [strength.weight.at(frame) for strength in strengths],
        "control_guidance_start": [strength.start for strength in strengths],
        "control_guidance_end": [strength.end for strength in strengths],
    }
    return kwargs if len(pictures) > 1 else {name: value[0] for name, value in kwargs.items()}


class Reference:
    """Scale of the reference picture at each step. scale: scale of the current step; 0 without a reference."""

    def __init__(self, adapter: ImageAdapter | None, results: ResultCache) -> None:
        self._adapter, self._results = adapter, results
        self.scale = 0.0

    def arguments(self, pipeline: Any, style: Floats | None, cfg: float, model: str) -> dict[str, Any]:
        """Return the encoded reference picture, float32 (H, W, 3) in [0, 1], as arguments of a pipeline.

        cfg: guidance scale; above 1, the encoding has a negative half. model: identity of the loaded model.
        """
        if self._adapter is None or style is None:
            return {}
        guided = cfg > 1 and pipeline.unet.config.time_cond_proj_dim is None
        picture = np.rint(np.clip(style, 0, 1) * 255).astype(np.uint8)
        key = cache_key("picture", model, pipeline.image_encoder.dtype, picture, guided)
        return {"ip_adapter_image_embeds": self._results.get(key, lambda: _encode(pipeline, picture, guided=guided))}

    def set_scale(self, pipeline: Any, step: int, frame: int) -> None:
        """Set the scale for the next step; ``step`` counts from 0."""
        if self._adapter is None:
            return
        strength = self._adapter.strength
        total = pipeline.num_timesteps if step else 1
        inside = strength.start <= step / total < strength.end
        self.scale = strength.weight.at(frame) if inside else 0.0
        pipeline.set_ip_adapter_scale(self.scale)


def _encode(pipeline: Any, picture: Bytes, *, guided: bool) -> list[Any]:
    """Encode a picture, uint8 (H, W, 3), as the pipeline itself does. guided: with a negative half."""
    import torch
    from PIL import Image

    with torch.no_grad():
        made: list[Any] = pipeline.prepare_ip_adapter_image_embeds(
            Image.fromarray(picture), None, pipeline._execution_device, 1, guided
        )
    return made

"""Painting of one key at its working size: pipeline arguments and step callbacks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.renderers.diffusion import adapters, fusion
from stylize.renderers.diffusion.activation_cache import ActivationCache, cache_key
from stylize.renderers.diffusion.conditions import Reference, control_arguments, control_pictures
from stylize.renderers.diffusion.encoding import encode
from stylize.renderers.diffusion.frame_settings import FrameSettings, settings_at
from stylize.renderers.diffusion.latent_compositing import LatentCompositor, PixelFusion, plate_blend, previous_key_of
from stylize.renderers.diffusion.parts import Parts
from stylize.renderers.diffusion.pixel_fusion import watch_network
from stylize.renderers.diffusion.shared_attention import shared_attention
from stylize.renderers.diffusion.sizes import Working, crop_resize
from stylize.renderers.protocol import RenderRequest
from stylize.settings import Settings

OnStep = Callable[[int, int], None]
# Painted part, float32 (h, w, 3), and the pictures of the controls, by kind.
Painted = tuple[Floats, Mapping[str, Floats]]


class Painter:
    """Runs the model for each key. activation_cache: for earlier keys. reference: scale of the reference picture."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.settings, self.parts = settings, parts
        self.activation_cache = ActivationCache()
        self.reference = Reference(parts.adapter, parts.store.results)
        # Weights of LoRAs in the current painting, which text encoders may have, too.
        self._loras: Mapping[str, float] = {}

    def paint(self, request: RenderRequest, working: Working, on_step: OnStep) -> Painted:
        """Paint the working part of the plate; return it, float32 (h, w, 3), and the pictures of the controls."""
        frame_settings = settings_at(self.settings, request.frame)
        from_image = frame_settings.denoise < 1
        pipeline = self.pipeline(request.frame, from_image=from_image)
        loras = adapters.lora_weights(self.settings.lora, frame_settings.prompt.loras, request.frame)
        adapters.set_lora_weights(pipeline, self.parts.loras, loras)
        self._loras = loras
        plate = crop_resize(request.plate, working)
        kwargs = self.prompt_arguments(pipeline, frame_settings)
        start_latents = self._start_latents(pipeline, request, working, from_image=from_image)
        if from_image:
            kwargs |= {"image": start_latents, "strength": frame_settings.denoise}
        else:
            kwargs |= {"width": working.size[0], "height": working.size[1]}
        pictures = control_pictures(self.parts, request, plate, working)
        kwargs |= control_arguments(pictures, request.frame, from_image=from_image)
        kwargs |= self.reference_arguments(pipeline, request.style, frame_settings)
        compositor = self._compositor(pipeline, request, plate, working, start_latents)

        with (
            self.activation_cache.one_key(),
            self._attending_to_earlier_keys(pipeline, request, working, loras),
            watch_network(pipeline) as watch,
        ):
            previous_key = previous_key_of(request, self.settings.fuse)
            if previous_key is not None:
                compositor.pixel_fusion = PixelFusion(previous_key, working, watch, frame_settings.cfg)
            made = self.sample(pipeline, request, kwargs, compositor, on_step)
        return made, {control.kind: picture for control, picture in pictures}

    def pipeline(self, frame: int, *, from_image: bool) -> Any:
        """Return the pipeline for a frame, with a new scheduler."""
        return self.parts.pipeline(frame, self.settings.sampler, from_image=from_image)

    def prompt_arguments(self, pipeline: Any, frame_settings: FrameSettings) -> dict[str, Any]:
        """Return the encoded prompts as arguments of the pipeline."""
        prompts = frame_settings.prompt, frame_settings.negative, self.settings.clip_skip
        key = cache_key("prompt", self.parts.identity, pipeline.text_encoder.dtype, [*self._loras.items()], *prompts)
        kwargs: dict[str, Any] = self.parts.store.results.get(key, lambda: encode(pipeline, *prompts))
        if frame_settings.cfg == 1:
            return {name: value for name, value in kwargs.items() if not name.startswith("negative")}
        return dict(kwargs)

    def reference_arguments(self, pipeline: Any, style: Floats | None, frame_settings: FrameSettings) -> dict[str, Any]:
        """Return the encoded reference picture, float32 (H, W, 3), as arguments of the pipeline."""
        return self.reference.arguments(pipeline, style, frame_settings.cfg, self.parts.identity)

    def sample(
        self,
        pipeline: Any,
        request: RenderRequest,
        kwargs: Mapping[str, Any],
        compositor: LatentCompositor,
        on_step: OnStep,
    ) -> Floats:
        """Run the pipeline; return its picture, float32 (h, w, 3). kwargs: arguments specific to this pass."""
        import torch

        def on_end(pipeline: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step(step + 1, pipeline.num_timesteps)
            self.reference.set_scale(pipeline, step + 1, request.frame)
            return values | {"latents": compositor.composite(pipeline, step, values["latents"])}

        self.reference.set_scale(pipeline, 0, request.frame)
        made = pipeline(
            num_inference_steps=self.settings.steps, guidance_scale=settings_at(self.settings, request.frame).cfg,
            output_type="np", generator=torch.Generator("cpu").manual_seed(request.seed),
            callback_on_step_end=on_end, callback_on_step_end_tensor_inputs=["latents"], **kwargs,
        )  # fmt: skip
        return np.asarray(made.images[0], F32)

    def _start_latents(self, pipeline: Any, request: RenderRequest, working: Working, *, from_image: bool) -> Any:
        """Return the latents (1, C, h, w) of the start picture; None if denoising starts from noise alone."""
        previous_key = previous_key_of(request, self.settings.fuse)
        if previous_key is None and not from_image:
            return None
        start = request.plate if previous_key is None else previous_key.start(request.plate)
        return fusion.encode_picture(pipeline, crop_resize(start, working))

    def _compositor(
        self, pipeline: Any, request: RenderRequest, plate: Floats, working: Working, start_latents: Any
    ) -> LatentCompositor:
        """Return a compositor of the previous key, as in ``start_latents``, then the plate outside the matte."""
        blends = []
        previous_key = previous_key_of(request, self.settings.fuse)
        if previous_key is not None:
            blends.append(previous_key.blend(start_latents, working))
        if request.matte is not None:
            blends.append(plate_blend(pipeline, plate, request.matte, working))
        return LatentCompositor(tuple(blends), request.seed)

    @contextmanager
    def _attending_to_earlier_keys(
        self, pipeline: Any, request: RenderRequest, working: Working, loras: Mapping[str, float]
    ) -> Iterator[None]:
        """Make the network attend to earlier keys too, for the share of steps in the settings."""
        share = self.settings.share_attention
        with ExitStack() as within:
            if request.earlier and share > 0:
                keys = [self._encode_key(pipeline, crop_resize(key, working)) for key in request.earlier]

                def state() -> object:
                    return loras, self.reference.scale

                within.enter_context(shared_attention(pipeline, keys, share, self.activation_cache, state))
            yield

    def _encode_key(self, pipeline: Any, picture: Floats) -> Any:
        """Return the latents of an earlier key, from the cache if possible."""
        key = cache_key("latents", picture, pipeline.vae.dtype)
        return self.activation_cache.get(key, lambda: {"latents": fusion.encode_picture(pipeline, picture)})["latents"]

"""One key painted at its working size: the pipeline's arguments put together, and its steps followed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.renderers.diffusion import adapters, fusion
from stylize.renderers.diffusion.activation_cache import Recall, mark_of
from stylize.renderers.diffusion.conditions import Reference, control_arguments, control_pictures
from stylize.renderers.diffusion.encoding import encode
from stylize.renderers.diffusion.frame_settings import Moment, moment_at
from stylize.renderers.diffusion.latent_compositing import InPixels, Laying, carried_by, plate_anchor
from stylize.renderers.diffusion.parts import Parts
from stylize.renderers.diffusion.pixel_fusion import watched
from stylize.renderers.diffusion.shared_attention import shared_attention
from stylize.renderers.diffusion.sizes import Working, enter
from stylize.renderers.protocol import RenderRequest
from stylize.settings import Settings

OnStep = Callable[[int, int], None]
# A painted part, float32 (h, w, 3), and the pictures of the controls, by kind.
Painted = tuple[Floats, Mapping[str, Floats]]


class Painter:
    """Runs the model for one key after the other. recall: what is kept of earlier ones. reference: how it counts."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.settings, self.parts = settings, parts
        self.recall = Recall()
        self.reference = Reference(parts.adapter)

    def paint(self, request: RenderRequest, working: Working, on_step: OnStep) -> Painted:
        """The worked part of the plate, painted, float32 (h, w, 3); and the pictures of the controls."""
        moment = moment_at(self.settings, request.frame)
        from_image = moment.denoise < 1
        pipeline = self.pipeline(request.frame, from_image=from_image)
        loras = adapters.lora_weights(self.settings.lora, moment.prompt.loras, request.frame)
        adapters.weigh_loras(pipeline, self.parts.loras, loras)
        plate = enter(request.plate, working)
        asked = self.words(pipeline, moment)
        started = self._started(pipeline, request, working, from_image=from_image)
        if from_image:
            asked |= {"image": started, "strength": moment.denoise}
        else:
            asked |= {"width": working.size[0], "height": working.size[1]}
        pictures = control_pictures(self.parts, request, plate, working)
        asked |= control_arguments(pictures, request.frame, from_image=from_image)
        asked |= self.reference.arguments(request.style)
        laying = self._laying(pipeline, request, plate, working, started)

        with self.recall.one_key(), self._agreeing(pipeline, request, working, loras), watched(pipeline) as watch:
            carried = carried_by(request, self.settings.fuse)
            if carried is not None:
                laying.in_pixels = InPixels(carried, working, watch, moment.cfg)
            made = self.sampled(pipeline, request, asked, laying, on_step)
        return made, {control.kind: picture for control, picture in pictures}

    def pipeline(self, frame: int, *, from_image: bool) -> Any:
        """The pipeline for a frame, with a fresh scheduler."""
        return self.parts.pipeline(frame, self.settings.sampler, from_image=from_image)

    def words(self, pipeline: Any, moment: Moment) -> dict[str, Any]:
        """The prompts as the pipeline takes them."""
        asked: dict[str, Any] = encode(pipeline, moment.prompt, moment.negative, self.settings.clip_skip)
        if moment.cfg == 1:
            return {name: value for name, value in asked.items() if not name.startswith("negative")}
        return asked

    def sampled(
        self, pipeline: Any, request: RenderRequest, asked: Mapping[str, Any], laying: Laying, on_step: OnStep
    ) -> Floats:
        """The picture that the pipeline makes, float32 (h, w, 3). asked: its arguments beside those of every pass."""
        import torch

        def on_end(pipeline: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
            on_step(step + 1, pipeline.num_timesteps)
            self.reference.before(pipeline, step + 1, request.frame)
            return values | {"latents": laying.after(pipeline, step, values["latents"])}

        self.reference.before(pipeline, 0, request.frame)
        made = pipeline(
            num_inference_steps=self.settings.steps, guidance_scale=moment_at(self.settings, request.frame).cfg,
            output_type="np", generator=torch.Generator("cpu").manual_seed(request.seed),
            callback_on_step_end=on_end, callback_on_step_end_tensor_inputs=["latents"], **asked,
        )  # fmt: skip
        return np.asarray(made.images[0], F32)

    def _started(self, pipeline: Any, request: RenderRequest, working: Working, *, from_image: bool) -> Any:
        """Latents (1, C, h, w) of the picture that the painting starts from; None where it starts from noise alone."""
        carried = carried_by(request, self.settings.fuse)
        if carried is None and not from_image:
            return None
        start = request.plate if carried is None else carried.start(request.plate)
        return fusion.encode_picture(pipeline, enter(start, working))

    def _laying(self, pipeline: Any, request: RenderRequest, plate: Floats, working: Working, started: Any) -> Laying:
        """The earlier key first, which ``started`` shows, and the plate outside of the matte."""
        anchors = []
        carried = carried_by(request, self.settings.fuse)
        if carried is not None:
            anchors.append(carried.anchor(started, working))
        if request.matte is not None:
            anchors.append(plate_anchor(pipeline, plate, request.matte, working))
        return Laying(tuple(anchors), request.seed)

    @contextmanager
    def _agreeing(
        self, pipeline: Any, request: RenderRequest, working: Working, loras: Mapping[str, float]
    ) -> Iterator[None]:
        """Within it, the network looks at the earlier keys too, as far as is asked for."""
        share = self.settings.share_attention
        with ExitStack() as within:
            if request.earlier and share > 0:
                keys = [self._encoded(pipeline, enter(key, working)) for key in request.earlier]

                def state() -> object:
                    return loras, self.reference.scale

                within.enter_context(shared_attention(pipeline, keys, share, self.recall, state))
            yield

    def _encoded(self, pipeline: Any, picture: Floats) -> Any:
        """An earlier key's latents."""
        mark = mark_of("latents", picture, pipeline.vae.dtype)
        return self.recall.of(mark, lambda: {"latents": fusion.encode_picture(pipeline, picture)})["latents"]

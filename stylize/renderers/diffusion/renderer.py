"""The diffusion renderer: one key at a time, from a request to a picture.

The models' own checker, which blackens pictures it dislikes, is not loaded.
"""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from masks.extent import extent
from propagate.arrays import F32, Floats
from stylize.errors import RendererError
from stylize.renderers.diffusion import adapters, fusion, loading, networks
from stylize.renderers.diffusion.annotators import ANNOTATORS
from stylize.renderers.diffusion.colours import match_colours
from stylize.renderers.diffusion.control import Control, find_controls
from stylize.renderers.diffusion.encoding import encode
from stylize.renderers.diffusion.hub import Source
from stylize.renderers.diffusion.memory import OFFLOADED, Economy, free, is_full
from stylize.renderers.diffusion.models import SDXL, contents, find_autoencoder, find_model, model_hash
from stylize.renderers.diffusion.pixel_fusion import Watch, fuse_pixels, watched
from stylize.renderers.diffusion.prompts import Prompt, read_prompt
from stylize.renderers.diffusion.provenance import Provenance, texts, unlike
from stylize.renderers.diffusion.recall import Recall, mark_of
from stylize.renderers.diffusion.shared_attention import shared_attention
from stylize.renderers.diffusion.sizes import Working, enter, larger, leave, plan_size, resize, tile_side
from stylize.renderers.diffusion.tiles import in_tiles, plan_tiles, tiled_autoencoder
from stylize.renderers.protocol import Fetching, Rendered, RenderRequest
from stylize.settings import DIFFUSION, OPTIONS, Settings
from stylize.settings.schedules import all_texts, text_at

# Raise it whenever the same request gives another picture.
VERSION = 4
LIBRARIES = ("torch", "diffusers", "transformers")
# Retried in it when half precision ran over.
FULL, HALF = "float32", "float16"
OnStep = Callable[[int, int], None]
# What diffusers calls at the end of a step: pipeline, step, time, values.
OnEnd = Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class _Moment:
    """What is asked for at one frame."""

    frame: int
    prompt: Prompt
    negative: Prompt
    prompt_text: str
    negative_text: str
    cfg: float
    denoise: float
    upscale_denoise: float


class DiffusionRenderer:
    """See the module's text. A Renderer."""

    def __init__(self, settings: Settings, fetching: Fetching | None = None) -> None:
        """Finds the models and loads nothing. Raises RendererError when one is missing or of another kind.

        fetching: leave to download what is missing, and who is told; without it nothing is downloaded.
        """
        if settings.model is None:
            raise RendererError("the diffusion renderer needs a model; give a folder, file or repo id with --model")
        self.settings = settings
        prompts = _all_prompts(settings)
        source = Source(fetching, settings.offline, lambda: self._device[1] == HALF)
        self._model = find_model(settings.model, settings.model_config, source)
        self._vae = None if settings.vae is None else find_autoencoder(settings.vae, source)
        self._controls = find_controls(
            settings.control, settings.control_model, self._model.family, settings.annotators, source
        )
        named = [name for prompt in prompts for name, _ in prompt.loras]
        self._loras = adapters.find_loras(settings.lora, named, settings.lora_folder, source)
        self._adapter = None
        if settings.ip_adapter is not None:
            self._adapter = adapters.find_image_adapter(settings.ip_adapter, settings.image_encoder, source)
        self._economy = Economy()
        # What was given up when the model was loaded, to be told with the first key.
        self._late: list[str] = []
        self._recall = Recall()
        self._style_scale = 0.0
        self._annotators: dict[str, Any] = {}

    def fingerprint(self) -> str:
        """Version, settings, the models' files, the libraries, and the device with its precision."""
        paths = [self._model.path, self._model.config, self._vae, *(control.folder for control in self._controls)]
        paths += [control.annotator for control in self._controls]
        paths += [*self._loras.values()]
        if self._adapter is not None:
            paths += [self._adapter.path, self._adapter.encoder]
        told = [
            VERSION, self._asked(), [contents(path) for path in paths if path is not None],
            [version(library) for library in LIBRARIES], self._device,
        ]  # fmt: skip
        return f"diffusion-{blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()}"

    def render(self, request: RenderRequest, on_step: OnStep) -> Rendered:
        """See Renderer. Raises RendererError when a model cannot be loaded or makes no picture."""
        box = _box(request.matte)
        if request.matte is not None and box is None:
            return Rendered(request.plate)  # nothing of it is stylised
        height, width = request.plate.shape[:2]
        working = plan_size((width, height), self._model.family, self.settings.render_size, box)
        self._check_upscale(request, working)
        notes: list[str] = []
        with loading.told(
            f"keyframe {request.frame} could not be painted", "try a smaller --render-size or another model"
        ):
            painted, seen, working = self._within_memory(request, working, on_step, notes)
        target = self._target(working)
        picture = leave(painted, request.plate, target or working)
        inside = 1.0 if request.matte is None else (request.matte > 0).astype(F32)
        if request.carried is not None and request.trusted is not None:
            common = (request.trusted * inside).astype(F32)
            picture = match_colours(picture, request.carried, common, self.settings.match_colours)
        if request.matte is not None:
            picture = np.where(request.matte[..., None] > 0, picture, request.plate)
        made = self._provenance(request, working, notes)
        if target is not None:
            notes.append(self._cost(request.frame, working, target))
        told = (*self._unlike, *(f"keyframe {request.frame}: {note}" for note in notes))
        return Rendered(np.ascontiguousarray(np.clip(picture, 0, 1), F32), texts(made), seen, told)

    def _within_memory(
        self, request: RenderRequest, working: Working, on_step: OnStep, notes: list[str]
    ) -> tuple[Floats, Mapping[str, Floats], Working]:
        """The painted part, what led it, and how it was worked; steps down when memory is full."""
        ladder = None
        while True:
            try:
                painted, seen = self._finite(request, working, on_step, notes)
                notes += self._late
                self._late.clear()
                return painted, seen, working
            except (RuntimeError, MemoryError) as error:
                if not is_full(error):
                    raise
                # What the failed try held is released only when its error is forgotten.
                reason = error.with_traceback(None)
            self._recall.forget()
            free(self._base)
            ladder = ladder or self._economy.steps(self._base, working, self._offload_to)
            step = next(ladder, None)
            if step is None:
                raise RuntimeError("memory is full, and nothing is left to save") from reason
            notes.append(f"memory was full, so {step[0]}")
            working = step[1]

    def _finite(
        self, request: RenderRequest, working: Working, on_step: OnStep, notes: list[str]
    ) -> tuple[Floats, Mapping[str, Floats]]:
        """The painted part and what led it; once more in single precision when numbers ran over in half."""
        painted, seen = self._whole(request, working, on_step)
        failed = failure(painted, request.plate)
        if failed is None:
            return painted, seen
        if self._device[1] == FULL:
            raise RendererError(
                f"keyframe {request.frame} came out {failed}; try a lower --cfg, another --seed, --vae or model"
            )
        notes.append(f"it came out {failed} in {self._device[1]} and was painted again in {FULL}")
        import torch

        try:
            self._cast(torch.float32)
            painted, seen = self._whole(request, working, on_step)
        finally:
            self._cast(getattr(torch, self._device[1]))
        failed = failure(painted, request.plate)
        if failed is not None:
            raise RendererError(
                f"keyframe {request.frame} came out {failed}, in {FULL} too; try a lower --cfg, another --seed or model"
            )
        return painted, seen

    def _cast(self, precision: Any) -> None:
        for part in (*self._base.components.values(), *self._nets):
            if hasattr(part, "parameters"):
                part.to(dtype=precision)

    def _whole(self, request: RenderRequest, working: Working, on_step: OnStep) -> tuple[Floats, Mapping[str, Floats]]:
        """The painted part, with --upscale again in tiles, at the size of ``_target``; and what led it."""
        painted, seen = self._paint(request, working, on_step)
        target = self._target(working)
        # What came out as no picture is told as it is.
        if target is None or failure(painted, request.plate) is not None:
            return painted, seen
        start = enter(leave(painted, request.plate, working), target)
        return self._enlarge(request, start, seen, working, on_step), seen

    def _enlarge(
        self, request: RenderRequest, start: Floats, seen: Mapping[str, Floats], working: Working, on_step: OnStep
    ) -> Floats:
        """``start``, the key at its larger size, painted again in tiles. seen: what led it at its smaller one."""
        moment, target = self._moment(request.frame), self._target(working)
        assert target is not None
        pipeline = self._pipeline(request.frame, from_image=True)
        side = tile_side(working, self._model.family)
        with tiled_autoencoder(pipeline), in_tiles(pipeline, side // pipeline.vae_scale_factor):
            asked = self._words(pipeline, moment) | self._style_arguments(pipeline, request)
            pictures = self._control_pictures(request, enter(request.plate, target), target, seen)
            asked |= self._control_arguments(pictures, request.frame, from_image=True)
            asked |= {"image": fusion.encode_picture(pipeline, start), "strength": moment.upscale_denoise}
            if self._model.family == SDXL:
                # Every tile is a picture of its own to the network.
                wide, high = self._tiling(working, target)[0]
                asked |= {"original_size": (high, wide), "target_size": (high, wide)}
            anchors = self._carried_anchor(pipeline, request, target)

            def on_end(pipeline: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
                on_step(step + 1, pipeline.num_timesteps)
                self._style_step(pipeline, step + 1, request.frame)
                values["latents"] = fusion.fuse(values["latents"], anchors, request.seed, pipeline, step)
                return values

            self._style_step(pipeline, 0, request.frame)
            return self._sampled(pipeline, request, asked, on_end)

    def _carried_anchor(self, pipeline: Any, request: RenderRequest, working: Working) -> tuple[fusion.Anchor, ...]:
        """The earlier key where it shows the same thing, to be laid in; none where there is none."""
        if not self._fuses(request) or request.carried is None or request.trusted is None:
            return ()
        carried = fusion.encode_picture(pipeline, enter(request.carried, working))
        mask = fusion.latent_mask(enter(request.trusted, working), carried)
        return (fusion.Anchor(carried, mask, self.settings.fuse),)

    def _pipeline(self, frame: int, *, from_image: bool) -> Any:
        """The pipeline for a frame, with the ControlNets that count there and a fresh scheduler."""
        leading = self._leading(frame)
        nets = [net for control, net in zip(self._controls, self._nets, strict=True) if control in leading]
        pipeline = loading.pipeline_for(self._base, self._model.family, nets, from_image=from_image)
        pipeline.scheduler = loading.make_scheduler(self._base, self.settings.sampler)
        return pipeline

    def _words(self, pipeline: Any, moment: _Moment) -> dict[str, Any]:
        """The prompts as the pipeline takes them."""
        asked: dict[str, Any] = encode(pipeline, moment.prompt, moment.negative, self.settings.clip_skip)
        if moment.cfg == 1:
            return {name: value for name, value in asked.items() if not name.startswith("negative")}
        return asked

    def _target(self, working: Working) -> Working | None:
        """How the part is worked when it is painted again in tiles; None where it is not."""
        return None if self.settings.upscale is None else larger(working, self.settings.upscale)

    def _check_upscale(self, request: RenderRequest, working: Working) -> None:
        """Small boxes of mattes may come at the plate's own size already; a whole plate does so at every key."""
        if self.settings.upscale is not None and request.matte is None and self._target(working) is None:
            wide, high = working.size
            raise RendererError(
                f"--upscale has nothing to do: plates are worked at their own size, {wide}x{high}; leave it out, "
                "or give a smaller --render-size"
            )

    def _tiling(self, working: Working, target: Working) -> tuple[tuple[int, int], int]:
        """(width, height) of a tile in pixels, and how many there are."""
        tiling = plan_tiles(target.size[1], target.size[0], tile_side(working, self._model.family))
        return tiling.size[::-1], len(tiling.parts)

    def _cost(self, frame: int, working: Working, target: Working) -> str:
        """What the tiles took, to be told."""
        moment, (tile, count) = self._moment(frame), self._tiling(working, target)
        steps = (max(1, int(self.settings.steps * share)) for share in (moment.denoise, moment.upscale_denoise))
        first, again = (
            pixels * of for pixels, of in zip((math.prod(working.size), count * math.prod(tile)), steps, strict=True)
        )
        return (
            f"painted again at {target.size[0]}x{target.size[1]} in {count} tiles of {tile[0]}x{tile[1]}, about "
            f"{again / first:.1f} times the work of the key at {working.size[0]}x{working.size[1]}"
        )

    def _paint(self, request: RenderRequest, working: Working, on_step: OnStep) -> tuple[Floats, Mapping[str, Floats]]:
        """The worked part of the plate, painted, float32 (h, w, 3); and the pictures of the controls."""
        settings, moment = self.settings, self._moment(request.frame)
        from_image = moment.denoise < 1
        pipeline = self._pipeline(request.frame, from_image=from_image)
        weights = adapters.lora_weights(settings.lora, moment.prompt.loras, request.frame)
        adapters.weigh_loras(pipeline, self._loras, weights)
        plate = enter(request.plate, working)
        asked = self._words(pipeline, moment)
        started = None
        if from_image or self._fuses(request):
            started = fusion.encode_picture(pipeline, enter(self._start(request), working))
        if from_image:
            asked |= {"image": started, "strength": moment.denoise}
        else:
            asked |= {"width": working.size[0], "height": working.size[1]}
        pictures = self._control_pictures(request, plate, working)
        asked |= self._control_arguments(pictures, request.frame, from_image)
        asked |= self._style_arguments(pipeline, request)
        anchors = self._anchors(pipeline, request, plate, working, started)

        with ExitStack() as within:
            within.enter_context(self._recall.one_key())
            if request.earlier and settings.share_attention > 0:
                keys = [self._encoded(pipeline, enter(key, working)) for key in request.earlier]

                def state() -> object:
                    return weights, self._style_scale

                within.enter_context(shared_attention(pipeline, keys, settings.share_attention, self._recall, state))
            watch = within.enter_context(watched(pipeline))

            def on_end(pipeline: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
                nonlocal anchors
                on_step(step + 1, pipeline.num_timesteps)
                self._style_step(pipeline, step + 1, request.frame)
                if self._fuses(request) and step == self._middle(pipeline.num_timesteps):
                    anchors = self._fused(pipeline, request, working, anchors, watch, moment.cfg)
                if anchors:
                    values["latents"] = fusion.fuse(values["latents"], anchors, request.seed, pipeline, step)
                return values

            self._style_step(pipeline, 0, request.frame)
            made = self._sampled(pipeline, request, asked, on_end)
        return made, {control.kind: picture for control, picture in pictures}

    def _sampled(self, pipeline: Any, request: RenderRequest, asked: Mapping[str, Any], on_end: OnEnd) -> Floats:
        """The picture that the pipeline makes, float32 (h, w, 3); on_end: called after each step, as diffusers does."""
        import torch

        made = pipeline(
            num_inference_steps=self.settings.steps, guidance_scale=self._moment(request.frame).cfg, output_type="np",
            generator=torch.Generator("cpu").manual_seed(request.seed), callback_on_step_end=on_end,
            callback_on_step_end_tensor_inputs=["latents"], **asked,
        )  # fmt: skip
        return np.asarray(made.images[0], F32)

    def _fuses(self, request: RenderRequest) -> bool:
        """Whether the earlier key is laid in."""
        return request.carried is not None and request.trusted is not None and self.settings.fuse > 0

    def _middle(self, total: int) -> int:
        """The step, of ``total``, after which the earlier key is laid in in pixels: the middle of those that have it.

        -1 where no step has it.
        """
        laid = int(self.settings.fuse * total)
        return laid // 2 if laid else -1

    def _start(self, request: RenderRequest) -> Floats:
        """The picture that noise is laid over: the plate, and the earlier key where it shows the same thing."""
        if request.carried is None or request.trusted is None or self.settings.fuse == 0:
            return request.plate
        share = request.trusted[..., None]
        return (share * request.carried + (1 - share) * request.plate).astype(F32)

    def _encoded(self, pipeline: Any, picture: Floats) -> Any:
        """An earlier key's latents."""
        mark = mark_of("latents", picture, pipeline.vae.dtype)
        return self._recall.of(mark, lambda: {"latents": fusion.encode_picture(pipeline, picture)})["latents"]

    def _anchors(
        self, pipeline: Any, request: RenderRequest, plate: Floats, working: Working, started: Any
    ) -> tuple[fusion.Anchor, ...]:
        """What is laid into the latents: the earlier key first, and the plate outside of the matte.

        started: latents of the picture that the painting starts from, which shows that key.
        """
        anchors = []
        if self._fuses(request) and request.trusted is not None:
            mask = fusion.latent_mask(enter(request.trusted, working), started)
            anchors.append(fusion.Anchor(started, mask, self.settings.fuse))
        if request.matte is not None:
            outside = fusion.encode_picture(pipeline, plate)
            inside = (request.matte > 0).astype(F32)
            mask = 1 - fusion.latent_mask(enter(inside, working), outside)
            anchors.append(fusion.Anchor(outside, mask, 1.0))
        return tuple(anchors)

    def _fused(
        self, pipeline: Any, request: RenderRequest, working: Working, anchors: tuple[fusion.Anchor, ...], watch: Watch,
        cfg: float,
    ) -> tuple[fusion.Anchor, ...]:  # fmt: skip
        """The anchors, the earlier key's now fused with what is being painted, in pixels."""
        first, *others = anchors
        assert request.carried is not None  # or nothing would be laid in
        assert request.trusted is not None
        carried, trusted = (enter(one, working) for one in (request.carried, request.trusted))
        painted = watch.painted(pipeline.scheduler, cfg)
        fused = fuse_pixels(pipeline, painted, first.latents, first.mask, carried, trusted)
        return (replace(first, latents=fused), *others)

    def _leading(self, frame: int) -> tuple[Control, ...]:
        """The controls that count at a frame."""
        return tuple(control for control in self._controls if control.strength.weight.at(frame) > 0)

    def _control_pictures(
        self, request: RenderRequest, plate: Floats, working: Working, seen: Mapping[str, Floats] | None = None
    ) -> list[tuple[Control, Floats]]:
        """What leads at that size. seen: pictures of another size; what networks made of it is not made again."""
        found = []
        for control in self._leading(request.frame):
            if control.annotator is not None and seen is not None:
                found.append((control, np.clip(resize(seen[control.kind], working.size), 0, 1)))
            elif control.annotator is not None:
                found.append((control, networks.annotate(self._annotator(control.kind, control.annotator), plate)))
            elif control.asked.path is None:
                found.append((control, ANNOTATORS[control.kind](plate, request.seed)))
            else:
                found.append((control, enter(request.controls[str(control.asked)], working)))
        return found

    def _annotator(self, kind: str, folder: Path) -> Any:
        if kind not in self._annotators:
            self._annotators[kind] = networks.load_annotator(kind, folder, self._device[0])
        return self._annotators[kind]

    def _control_arguments(
        self, pictures: list[tuple[Control, Floats]], frame: int, from_image: bool
    ) -> dict[str, Any]:
        if not pictures:
            return {}
        strengths = [control.strength for control, _ in pictures]
        given: dict[str, Any] = {
            "control_image" if from_image else "image": [fusion.to_tensor(picture) for _, picture in pictures],
            "controlnet_conditioning_scale": [strength.weight.at(frame) for strength in strengths],
            "control_guidance_start": [strength.start for strength in strengths],
            "control_guidance_end": [strength.end for strength in strengths],
        }
        return given if len(pictures) > 1 else {name: value[0] for name, value in given.items()}

    def _style_arguments(self, pipeline: Any, request: RenderRequest) -> dict[str, Any]:
        if self._adapter is None or request.style is None:
            return {}
        from PIL import Image

        picture = np.rint(np.clip(request.style, 0, 1) * 255).astype(np.uint8)
        return {"ip_adapter_image": Image.fromarray(picture)}

    def _style_step(self, pipeline: Any, step: int, frame: int) -> None:
        """Sets how much the reference picture counts in the step that comes."""
        if self._adapter is None:
            return
        strength = self._adapter.strength
        total = pipeline.num_timesteps if step else 1
        inside = strength.start <= step / total < strength.end
        self._style_scale = strength.weight.at(frame) if inside else 0.0
        pipeline.set_ip_adapter_scale(self._style_scale)

    def _moment(self, frame: int) -> _Moment:
        settings = self.settings
        prompt, negative = (text_at(text or "", frame) for text in (settings.prompt, settings.negative))
        return _Moment(
            frame, read_prompt(prompt), read_prompt(negative), prompt, negative, settings.cfg.at(frame),
            settings.denoise.at(frame), settings.upscale_denoise.at(frame),
        )  # fmt: skip

    def _asked(self) -> dict[str, Any]:
        """What was asked of this renderer, by option, as it is stored."""
        options = [option for option in OPTIONS.values() if option.group == DIFFUSION and option.stored]
        values = {option.name: getattr(self.settings, option.name) for option in options}
        return {o.name: None if values[o.name] is None else o.kind.store(values[o.name]) for o in options}

    def _provenance(self, request: RenderRequest, working: Working, notes: list[str]) -> Provenance:
        moment, settings = self._moment(request.frame), self.settings
        controls = tuple(
            {
                "kind": control.kind, "model": control.folder.name, "weight": control.strength.weight.at(request.frame),
                "start": control.strength.start, "end": control.strength.end,
            }
            for control in self._leading(request.frame)
        )  # fmt: skip
        scheduler = settings.sampler or type(self._base.scheduler).__name__.removesuffix("Scheduler")
        return Provenance(
            self._stored, request.frame, request.seed, moment.prompt_text,
            moment.negative_text, settings.steps, scheduler, moment.cfg, moment.denoise, settings.clip_skip,
            working.size, self._model.path.stem, self._hash, *self._device, controls,
            tuple(dict.fromkeys((*self._economy.taken, *notes))), _versions(), self._upscaled(request, working),
        )  # fmt: skip

    def _upscaled(self, request: RenderRequest, working: Working) -> dict[str, Any] | None:
        """How the key was painted again in tiles, if it was."""
        target = self._target(working)
        if target is None:
            return None
        tile, count = self._tiling(working, target)
        denoise = self._moment(request.frame).upscale_denoise
        return {"size": list(target.size), "tile": list(tile), "tiles": count, "denoise": denoise}

    @cached_property
    def _stored(self) -> dict[str, Any]:
        """What was asked for, with whole paths: it paints the same keys again, from anywhere."""
        return {name: OPTIONS[name].kind.anchor(value) for name, value in self.settings.stored().items()}

    @cached_property
    def _unlike(self) -> tuple[str, ...]:
        """What is otherwise than when the key was painted that is asked for again."""
        if self.settings.like is None:
            return ()
        now = {"model_hash": self._hash, "device": self._device[0], "precision": self._device[1]}
        return tuple(unlike(self.settings.like, now | {"versions": _versions()}))

    @cached_property
    def _device(self) -> tuple[str, str]:
        return loading.choose_device(self.settings.device, self.settings.dtype)

    @cached_property
    def _hash(self) -> str:
        return model_hash(self._model)

    @cached_property
    def _base(self) -> Any:
        """The loaded model with its adapters, on the device."""
        device, precision = self._device
        pipeline = loading.load(self._model, self._vae, precision)
        with loading.told("a LoRA or adapter could not be loaded", "give one made for this kind of model"):
            adapters.load_loras(pipeline, self._loras)
            if self._adapter is not None:
                adapters.load_image_adapter(pipeline, self._adapter)
        if self._economy.place(pipeline, device, self._offload_to):
            self._late.append(f"memory was full, so {OFFLOADED}")
        return pipeline

    @property
    def _offload_to(self) -> str | None:
        """The device that parts can wait for in the main memory; None where that is the device's own."""
        return self._device[0] if self._device[0] == "cuda" else None

    @cached_property
    def _nets(self) -> list[Any]:
        """The loaded ControlNets, one for each control that counts."""
        return loading.load_controls(self._controls, self._base, self._device[0])


def failure(picture: Floats, plate: Floats) -> str | None:
    """What a model makes when its numbers run over, in words: no picture, or a black one; None for a picture."""
    if not np.isfinite(picture).all():
        return "as no numbers (NaN)"
    return "all black" if not picture.any() and plate.any() else None


def _all_prompts(settings: Settings) -> list[Prompt]:
    """Every prompt of the schedules, read: what is wrong in the last is told before the first is painted."""
    found = []
    for text in (settings.prompt, settings.negative):
        found += [read_prompt(one) for one in all_texts(text or "")]
    return found


def _box(matte: Floats | None) -> tuple[int, int, int, int] | None:
    return None if matte is None else extent(matte).box


def _versions() -> dict[str, str]:
    from stylize import opening

    return {name: version(name) for name in LIBRARIES} | {"stylize": opening.VERSION}

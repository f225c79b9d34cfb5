"""Renderer that paints through the HTTP API of a running A1111 (or Forge, or SD.Next): ``/sdapi/v1/img2img``.

The server holds the model, its samplers, LoRAs and ControlNets. This module sends the plate, prompts and numbers.
"""

import base64
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.errors import RendererError
from stylize.extensions.discovery import renderer
from stylize.media.images import quantise, write_image
from stylize.renderers.diffusion.models import SD15, SDXL
from stylize.renderers.diffusion.provenance import read_provenance, recorded_hash
from stylize.renderers.diffusion.sizes import NATIVE, Working, crop_resize, full_work, paste_back, plan_size
from stylize.renderers.http_client import HttpClient, Limits
from stylize.renderers.protocol import RenderedKey, RendererSetup, RenderRequest
from stylize.renderers.received_picture import max_text_size, picture_of_text
from stylize.settings import DIFFUSION, OPTIONS, Settings
from stylize.settings.schedules import text_at
from stylize.visible_text import visible

# Preprocessors of the ControlNet extension, by kind; a ready-made picture needs none.
MODULES = {
    "canny": "canny", "softedge": "softedge_pidinet", "lineart": "lineart_standard", "lineart_anime": "lineart_anime",
    "depth": "depth_midas", "normal": "normal_bae", "openpose": "openpose_full", "tile": "tile_resample",
    "shuffle": "shuffle",
}  # fmt: skip
# Time limits in seconds. A key may take minutes on a slow card; a query of the server's state is quick.
RENDER_TIMEOUT, QUERY_TIMEOUT = 1800.0, 20.0
_MEGABYTE = 1 << 20
# Margin in pixels around a matte, at the size of the shot, that the server also reads.
_PADDING = 32
# Maximum number of pictures in a reply: the key, and those of ControlNet's preprocessors.
_MAX_PICTURES = 10
# Maximum length, in characters, of the text that a server stores with a key.
_MAX_PARAMETERS = 1 << 16


class A1111Renderer:
    """Renderer backed by an A1111 server; see the module's docstring."""

    def __init__(self, settings: Settings) -> None:
        """Set up the client without sending a request. Raises RendererError for an invalid address."""
        self.settings = settings
        self._client = HttpClient(
            settings.url, "A1111", "start it with --api and check its log, or give its address with --url"
        )
        self._model: str | None = None

    def cache_key(self) -> str:
        """Return the settings and the server's model as text. Raises RendererError when the server does not answer."""
        if self._model is None:
            self._model = str(self._server_options().get("sd_model_checkpoint"))
        reads = renderer("a1111").reads
        options = [option for option in OPTIONS.values() if option.group == DIFFUSION]
        sent = [[o.name, str(getattr(self.settings, o.name))] for o in options if o.name in reads and o.stored]
        return f"a1111-{json.dumps([self._model, sent])}"

    def key_inputs(self, frame: int, *, follows: bool) -> dict[str, object]:
        """Return what the request for a frame consists of, and the model; see DescribesKeys.

        The address is left out, because another server with the same model paints the same key. Raises RendererError
        when the server does not answer; it is asked for its model only if the settings name none.
        """
        settings = self.settings
        if settings.model is None and self._model is None:
            self._model = str(self._server_options().get("sd_model_checkpoint"))
        models = {one.kind: one.model for one in settings.control_model}
        units = [
            [one.kind, models.get(one.kind), one.strength.weight.at(frame), one.strength.start, one.strength.end]
            for one in settings.control
            if one.strength.weight.at(frame) > 0
        ]
        found: dict[str, object] = {
            "model": settings.model or self._model, "prompt": text_at(settings.prompt or "", frame),
            "negative": text_at(settings.negative or "", frame), "steps": settings.steps, "cfg": settings.cfg.at(frame),
            "denoise": settings.denoise.at(frame), "sampler": settings.sampler, "clip_skip": settings.clip_skip,
            "render_size": settings.render_size, "control": units,
        }  # fmt: skip
        # The previous key is blended in entirely, or not at all.
        return found | ({"fuse": settings.fuse > 0} if follows else {})

    def environment(self) -> dict[str, str]:
        """Return nothing: the server does not report its device; see DescribesKeys."""
        return {}

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Paint a key. Raises RendererError when the server does not answer, returns an error, or sends no picture."""
        working = working_of(self.settings, request)
        limits = Limits(RENDER_TIMEOUT, _MAX_PICTURES * max_text_size(working.size) + _MEGABYTE)
        reply = self._client.post("/sdapi/v1/img2img", payload(self.settings, request, working), limits)
        images, source = reply.get("images"), f"{self._client.url} for keyframe {request.frame}"
        if not isinstance(images, list) or not images:
            raise RendererError(f"expected a picture from {source}, but it sent none; check the log of the server")
        painted = picture_of_text(images[0], working.size, source)
        picture = np.clip(paste_back(painted, request.plate, working), 0, 1)
        if request.matte is not None:
            picture = np.where(request.matte[..., None] > 0, picture, request.plate)
        on_step(1, 1)
        work = full_work(working, SDXL, self.settings.render_size, request.scale, boxed=False)
        finished = np.ascontiguousarray(picture, F32)
        return RenderedKey(finished, _texts(reply), notes=self._model_differences(), full_work=work)

    def _model_differences(self) -> tuple[str, ...]:
        """Return a note if the server's model differs from that of the key to reproduce."""
        if self.settings.like is None:
            return ()
        expected = recorded_hash(read_provenance(self.settings.like))
        loaded = visible(str(self._server_options().get("sd_checkpoint_hash") or ""))
        if not expected or not loaded or loaded.startswith(expected):
            return ()
        return (
            f"the server's model has the hash {loaded[:10]}, but {self.settings.like} was painted with {expected}: "
            "the picture will differ",
        )

    def _server_options(self) -> dict[str, Any]:
        return self._client.get("/sdapi/v1/options", Limits(QUERY_TIMEOUT, 16 * _MEGABYTE))


def open_a1111(setup: RendererSetup[Any]) -> A1111Renderer:
    """Return the client of the server that ``--url`` names. Raises RendererError for an invalid address."""
    return A1111Renderer(setup.settings)


def working_of(settings: Settings, request: RenderRequest) -> Working:
    """Return the working size. Servers crop sides that are not multiples of 8, without a way to undo that."""
    height, width = request.plate.shape[:2]
    # The model is unknown, so the working size of a draft is limited by that of the smallest models.
    return plan_size((width, height), SDXL, settings.render_size, scale=request.scale, native=NATIVE[SD15])


def payload(settings: Settings, request: RenderRequest, working: Working) -> dict[str, Any]:
    """Return the body of the ``/sdapi/v1/img2img`` request for a key."""
    width, height = working.size
    body: dict[str, Any] = {
        "init_images": [_encoded(crop_resize(_start_picture(settings, request), working))],
        "prompt": text_at(settings.prompt or "", request.frame),
        "negative_prompt": text_at(settings.negative or "", request.frame),
        "seed": request.seed, "steps": settings.steps, "cfg_scale": settings.cfg.at(request.frame),
        "denoising_strength": settings.denoise.at(request.frame), "width": width, "height": height, "resize_mode": 0,
        "batch_size": 1, "n_iter": 1, "send_images": True, "save_images": False,
    }  # fmt: skip
    if settings.sampler is not None:
        body["sampler_name"] = settings.sampler
    overrides: dict[str, Any] = {} if settings.model is None else {"sd_model_checkpoint": settings.model}
    if settings.clip_skip != 1:
        overrides["CLIP_stop_at_last_layers"] = settings.clip_skip
    if overrides:
        body["override_settings"] = overrides
    if request.matte is not None:
        mask = np.repeat(crop_resize(request.matte, working)[..., None], 3, axis=2)
        padding = round(_PADDING * request.scale)
        body |= {
            "mask": _encoded(mask), "inpainting_fill": 1, "inpaint_full_res": True, "inpaint_full_res_padding": padding
        }  # fmt: skip
    units = [
        _unit(settings, one, request, working) for one in settings.control if one.strength.weight.at(request.frame) > 0
    ]
    if units:
        body["alwayson_scripts"] = {"controlnet": {"args": units}}
    return body


def _unit(settings: Settings, control: Any, request: RenderRequest, working: Working) -> dict[str, Any]:
    models = {one.kind: one.model for one in settings.control_model}
    if control.kind not in models:
        raise RendererError(
            f"the server's model for {control.kind} is not given; name it with --control-model {control.kind}=MODEL"
        )
    ready = request.controls.get(str(control))
    return {
        "enabled": True, "module": MODULES[control.kind] if ready is None else "none", "model": models[control.kind],
        "weight": control.strength.weight.at(request.frame), "guidance_start": control.strength.start,
        "guidance_end": control.strength.end, "pixel_perfect": True, "control_mode": 0, "resize_mode": 0,
        "image": _encoded(crop_resize(request.plate if ready is None else ready, working)),
    }  # fmt: skip


def _start_picture(settings: Settings, request: RenderRequest) -> Floats:
    """Return the plate, with the previous key blended in by its confidence."""
    if request.warped is None or request.confidence is None or settings.fuse == 0:
        return request.plate
    share = request.confidence[..., None]
    return (share * request.warped + (1 - share) * request.plate).astype(F32)


def _encoded(picture: Floats) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        write_image(path, quantise(picture, np.uint8))
        return base64.b64encode(path.read_bytes()).decode("ascii")


def _texts(reply: Mapping[str, Any]) -> dict[str, str]:
    """Return the server's ``parameters`` text, if its reply has one within the maximum length."""
    try:
        text = json.loads(str(reply["info"]))["infotexts"][0]
    except (KeyError, ValueError, TypeError, IndexError, RecursionError):
        return {}
    return {"parameters": text} if isinstance(text, str) and len(text) <= _MAX_PARAMETERS else {}

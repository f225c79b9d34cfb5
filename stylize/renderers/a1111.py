"""Renderer that paints through the HTTP API of a running A1111 (or Forge, or SD.Next): ``/sdapi/v1/img2img``.

The server holds the model, its samplers, LoRAs and ControlNets. This module sends the plate, prompts and numbers.
"""

import base64
import json
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.errors import InputError, RendererError
from stylize.media.images import quantise, read_image, to_float, write_image
from stylize.renderers.diffusion.models import SDXL
from stylize.renderers.diffusion.provenance import read_provenance, recorded_hash
from stylize.renderers.diffusion.sizes import Working, crop_resize, paste_back, plan_size
from stylize.renderers.protocol import RenderedKey, RenderRequest
from stylize.settings import DIFFUSION, OPTIONS, Settings
from stylize.settings.schedules import text_at
from stylize.settings.validation import A1111_OPTIONS

# Preprocessors of the ControlNet extension, by kind; a ready-made picture needs none.
MODULES = {
    "canny": "canny", "softedge": "softedge_pidinet", "lineart": "lineart_standard", "lineart_anime": "lineart_anime",
    "depth": "depth_midas", "normal": "normal_bae", "openpose": "openpose_full", "tile": "tile_resample",
    "shuffle": "shuffle",
}  # fmt: skip
# Seconds. A key may take minutes on a slow card; a query of the server's state may not.
RENDER_TIMEOUT, QUERY_TIMEOUT = 1800.0, 20.0


class A1111Renderer:
    """Renderer backed by an A1111 server; see the module's docstring."""

    def __init__(self, settings: Settings) -> None:
        """Make no request to the server yet. Raises RendererError for an invalid address."""
        if not settings.url.startswith(("http://", "https://")):
            raise RendererError(f"--url must be as http://127.0.0.1:7860, not {settings.url}")
        self.settings = settings
        self._url = settings.url.rstrip("/")
        self._model: str | None = None

    def cache_key(self) -> str:
        """Return the settings and the server's loaded model as text. Raises RendererError when it does not answer."""
        if self._model is None:
            reply = self._call("/sdapi/v1/options", None, QUERY_TIMEOUT)
            self._model = str(reply.get("sd_model_checkpoint"))
        options = [option for option in OPTIONS.values() if option.group == DIFFUSION]
        sent = [[o.name, str(getattr(self.settings, o.name))] for o in options if o.name in A1111_OPTIONS and o.stored]
        return f"a1111-{json.dumps([self._model, sent])}"

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Paint a key. Raises RendererError when the server does not answer, refuses, or sends no picture."""
        working = working_of(self.settings, request)
        reply = self._call("/sdapi/v1/img2img", payload(self.settings, request, working), RENDER_TIMEOUT)
        images = reply.get("images")
        if not isinstance(images, list) or not images:
            raise RendererError(f"{self._url} sent no picture for keyframe {request.frame}; see what it says of itself")
        painted = _decoded(str(images[0]), f"{self._url} sent for keyframe {request.frame}")
        if painted.shape[1::-1] != working.size:
            found, expected = ("x".join(map(str, size)) for size in (painted.shape[1::-1], working.size))
            raise RendererError(
                f"{self._url} sent {found} pixels for keyframe {request.frame}, expected {expected}; turn off what "
                "changes sizes there"
            )
        picture = np.clip(paste_back(painted, request.plate, working), 0, 1)
        if request.matte is not None:
            picture = np.where(request.matte[..., None] > 0, picture, request.plate)
        on_step(1, 1)
        return RenderedKey(np.ascontiguousarray(picture, F32), _texts(reply), notes=self._model_differences())

    def _model_differences(self) -> tuple[str, ...]:
        """Return a note if the server's model differs from that of the key to reproduce."""
        if self.settings.like is None:
            return ()
        expected = recorded_hash(read_provenance(self.settings.like))
        loaded = str(self._call("/sdapi/v1/options", None, QUERY_TIMEOUT).get("sd_checkpoint_hash") or "")
        if not expected or not loaded or loaded.startswith(expected):
            return ()
        return (
            f"the server's model has the hash {loaded[:10]}, and {self.settings.like} was painted with {expected}: "
            "another picture comes out",
        )

    def _call(self, path: str, body: Mapping[str, Any] | None, timeout: float) -> dict[str, Any]:
        """Return the server's reply to a GET request, or to a POST request if there is a body."""
        data = None if body is None else json.dumps(body).encode()
        sent = urllib.request.Request(f"{self._url}{path}", data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(sent, timeout=timeout) as answer:
                reply = json.load(answer)
        except urllib.error.HTTPError as error:
            lines = error.read().decode(errors="replace").strip().splitlines() or [str(error.reason)]
            raise RendererError(
                f"{self._url}{path} answered {error.code}: {lines[0][:200]}; start the server with --api, and see "
                "what it says of itself"
            ) from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise RendererError(
                f"there is no A1111 at {self._url} ({reason}); start it with --api, or give its address with --url"
            ) from error
        if not isinstance(reply, dict):
            raise RendererError(f"{self._url}{path} did not answer as A1111 does; give its address with --url")
        return reply


def working_of(settings: Settings, request: RenderRequest) -> Working:
    """Return the working size. Servers crop sides that are not multiples of 8, and cannot undo that."""
    height, width = request.plate.shape[:2]
    return plan_size((width, height), SDXL, settings.render_size)


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
        body |= {"mask": _encoded(mask), "inpainting_fill": 1, "inpaint_full_res": True, "inpaint_full_res_padding": 32}
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
            f"which of the server's models serves {control.kind}? Name it with --control-model {control.kind}=MODEL"
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


def _decoded(text: str, what: str) -> Floats:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        try:
            path.write_bytes(base64.b64decode(text.rpartition(",")[2], validate=True))
            return np.ascontiguousarray(to_float(read_image(path))[..., :3], F32)
        except (ValueError, InputError) as error:
            raise RendererError(f"what {what} is no picture; see what the server says of itself") from error


def _texts(reply: Mapping[str, Any]) -> dict[str, str]:
    """Return the server's ``parameters`` text, if its reply has one."""
    try:
        lines = json.loads(str(reply["info"]))["infotexts"]
        return {"parameters": str(lines[0])}
    except (KeyError, ValueError, TypeError, IndexError):
        return {}

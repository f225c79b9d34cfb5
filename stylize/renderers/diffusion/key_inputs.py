"""Settings and contents of models that the key of one frame is made of: schedules resolved, files by their contents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stylize.renderers.diffusion.adapters import lora_weights
from stylize.renderers.diffusion.control import Control
from stylize.renderers.diffusion.frame_settings import settings_at
from stylize.renderers.diffusion.parts import Parts
from stylize.settings import Settings

# Returns what identifies the contents of a file or folder.
Contents = Callable[[Path], list[Any]]


def frame_inputs(settings: Settings, parts: Parts, contents: Contents, frame: int, *, follows: bool) -> dict[str, Any]:
    """Return everything that the key of a frame is made of, by the name of the option; see ``DescribesKeys``.

    What has no effect at the frame is left out: a negative prompt without guidance, LoRAs and controls of weight 0,
    and, unless the key follows another one, the options that make it agree.
    """
    now = settings_at(settings, frame)
    found: dict[str, Any] = {
        "model": [contents(path) for path in (parts.model.path, parts.model.config) if path is not None],
        "vae": None if parts.vae is None else contents(parts.vae), "prompt": now.prompt_text, "steps": settings.steps,
        "cfg": now.cfg, "denoise": now.denoise, "sampler": settings.sampler, "clip_skip": settings.clip_skip,
        "render_size": settings.render_size, "upscale": settings.upscale,
    }  # fmt: skip
    if now.cfg != 1:
        found["negative"] = now.negative_text
    if settings.upscale is not None:
        found["upscale_denoise"] = now.upscale_denoise
    weights = lora_weights(settings.lora, now.prompt.loras, frame)
    found["lora"] = [[name, weight, contents(parts.loras[name])] for name, weight in weights.items()]
    found["control"] = [_control(control, contents, frame) for control in parts.active_controls(frame)]
    if parts.adapter is not None:
        strength = parts.adapter.strength
        files = [contents(parts.adapter.path), contents(parts.adapter.encoder)]
        found["ip_adapter"] = [strength.weight.at(frame), strength.start, strength.end, *files]
    if follows:
        found |= {name: getattr(settings, name) for name in ("share_attention", "fuse", "match_colours")}
    return found


def _control(control: Control, contents: Contents, frame: int) -> list[Any]:
    strength = control.strength
    annotator = None if control.annotator is None else contents(control.annotator)
    given, weight = control.requested.path is not None, strength.weight.at(frame)
    return [control.kind, weight, strength.start, strength.end, given, contents(control.folder), annotator]

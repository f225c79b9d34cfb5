"""Checks of options for combinations that diffusion renderers, local or remote, do not support."""

from typing import Any

from stylize.errors import SettingsError
from stylize.settings.option import is_given
from stylize.settings.option_types import DEPTH_AUTO
from stylize.settings.samplers import ONE_MORE_CALL, SAMPLERS, TWO_CALLS


def check_diffusion(settings: Any) -> None:
    """Raise SettingsError for settings that the diffusion renderer does not support."""
    check_a1111(settings)
    _check_conditioning(settings)
    _check_ranges(settings)


def check_a1111(settings: Any) -> None:
    """Raise SettingsError for settings that no diffusion model supports."""
    _check_numbers(settings)
    _check_controls(settings)


def _check_numbers(settings: Any) -> None:
    lowest = min(settings.denoise.values())
    if int(settings.steps * lowest) < 1:
        raise SettingsError(
            f"--denoise {lowest:g} of --steps {settings.steps} leaves no step to run; raise one of them"
        )
    if settings.upscale is None and is_given(settings, "upscale_denoise"):
        raise SettingsError("--upscale-denoise needs --upscale FACTOR; give that too, or leave --upscale-denoise out")
    lowest = min(settings.upscale_denoise.values())
    if settings.upscale is not None and int(settings.steps * lowest) < 1:
        raise SettingsError(
            f"--upscale-denoise {lowest:g} of --steps {settings.steps} leaves no step to run; raise one of them"
        )
    if settings.negative and max(settings.cfg.values()) == 1:
        raise SettingsError("--negative has no effect at --cfg 1; raise --cfg, or leave --negative out")


def _check_controls(settings: Any) -> None:
    unused = [model for model in settings.control_model if model.kind not in {one.kind for one in settings.control}]
    if unused:
        raise SettingsError(f"--control-model {unused[0]} has no matching control; add --control {unused[0].kind}")


def _check_ranges(settings: Any) -> None:
    """Raise SettingsError for a control or adapter in whose range no step falls."""
    counts = [_step_counts(settings, int(settings.steps * denoise)) for denoise in settings.denoise.values()]
    for one in settings.control:
        if one.strength.is_active and not all(
            any(_has_whole_step(one.strength, count) for count in some) for some in counts
        ):
            raise _empty_range(f"--control {one}", settings.steps)
    adapter = settings.ip_adapter
    if adapter is not None and not all(any(_has_start(adapter.strength, count) for count in some) for some in counts):
        raise _empty_range(f"--ip-adapter {adapter}", settings.steps)


def _step_counts(settings: Any, steps: int) -> set[int]:
    """Return the possible numbers of calls of the network: second-order samplers make two per step but the last."""
    kind = None if settings.sampler is None else SAMPLERS[settings.sampler].kind
    if kind is None:
        return {steps, steps + 1, 2 * steps - 1}
    return {2 * steps - 1} if kind in TWO_CALLS else {steps + 1} if kind == ONE_MORE_CALL else {steps}


def _has_whole_step(strength: Any, count: int) -> bool:
    """Return whether a ControlNet has a step: diffusers uses it in those that are inside the range as a whole."""
    return any(strength.start <= step / count and (step + 1) / count <= strength.end for step in range(count))


def _has_start(strength: Any, count: int) -> bool:
    return any(strength.start <= step / count < strength.end for step in range(count))


def _empty_range(what: str, steps: int) -> SettingsError:
    return SettingsError(
        f"{what}: no step of --steps {steps} and --denoise falls in its range; widen it, or raise them"
    )


def _check_conditioning(settings: Any) -> None:
    """Raise SettingsError for conditioning of a diffusion model with missing or unused options."""
    uses_annotators = settings.depth == DEPTH_AUTO or not all(one.path for one in settings.control)
    if settings.annotators is not None and not uses_annotators:
        raise SettingsError(
            "--annotators is for controls that are derived from the plate; leave it out, or add --control KIND"
        )
    if settings.style is not None and settings.ip_adapter is None:
        raise SettingsError(
            "--style needs an IP-Adapter with --renderer diffusion; give one with --ip-adapter FILE, or leave "
            "--style out and describe the picture with --prompt"
        )
    if settings.ip_adapter is not None and settings.style is None:
        raise SettingsError("--ip-adapter needs a reference picture; give one with --style PICTURE")
    if settings.image_encoder is not None and settings.ip_adapter is None:
        raise SettingsError("--image-encoder needs an IP-Adapter; give one with --ip-adapter FILE")
    words = f"{settings.prompt or ''}{settings.negative or ''}"
    if settings.lora_folder is not None and "<lora:" not in words:
        raise SettingsError("--lora-folder has no effect, because no prompt contains <lora:name>; leave it out")
    if "<lora:" in (settings.negative or ""):
        raise SettingsError("<lora:name> affects the whole picture; write it in --prompt, not in --negative")

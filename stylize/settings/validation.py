"""Validation of combinations of options: an option that would have no effect is an error."""

from collections.abc import Mapping
from typing import Any

from stylize.errors import SettingsError
from stylize.settings.network_matte import check_prompts, is_network_matte, read_network_matte
from stylize.settings.option import DIFFUSION, MATTE, flag, is_given, options_of
from stylize.settings.option_types import DEPTH_AUTO, MATTE_METHODS, MODEL_RENDERERS, STAGES

# Options that the A1111 server uses.
A1111_OPTIONS = (
    "url", "model", "prompt", "negative", "steps", "cfg", "denoise", "sampler", "clip_skip", "control", "control_model",
    "fuse", "retries", "like", "render_size",
)  # fmt: skip


def refuse_unused_options(settings: Any) -> None:
    """Raise SettingsError for an option of a look that would have no effect."""
    if settings.renderer == "diffusion":
        _check_diffusion(settings)
    elif settings.renderer == "a1111":
        _check_a1111(settings)
    elif settings.renderer != "auto":  # checked again when auto has been resolved
        unused = [
            option
            for option in options_of(type(settings)).values()
            if option.group == DIFFUSION
            and option.name not in _used_by_depth(settings)
            and is_given(settings, option.name)
        ]
        if unused:
            raise SettingsError(f"{unused[0].flags[-1]} is for --renderer diffusion, not {settings.renderer}")
    if settings.style is None and (is_given(settings, "structure") or settings.keep_colours):
        raise SettingsError("--structure and --keep-colours are about painting keys; give a reference, --style PICTURE")
    if settings.keys is not None and settings.style is None and settings.renderer not in (*MODEL_RENDERERS, "auto"):
        _check_painted(settings)
    _check_keyframes(settings)
    _check_matte(settings)


def check_run_options(settings: Any) -> None:
    """Raise SettingsError for an option of the whole shot that would have no effect."""
    _check_motion(settings)
    _check_passes(settings)
    first, last = settings.from_stage, settings.to_stage
    if first and last and STAGES.index(first) > STAGES.index(last):
        raise SettingsError(f"--from {first} comes after --to {last}; the stages are {', '.join(STAGES)}")


def _used_by_depth(settings: Any) -> tuple[str, ...]:
    """Return the diffusion options that depth by a network uses."""
    return ("annotators", "device") if settings.depth == DEPTH_AUTO else ()


def _check_passes(settings: Any) -> None:
    for name in ("passes_as", "depth"):
        if is_given(settings, name) and "passes" not in settings.export:
            raise SettingsError(f"{flag(settings, name)} is about passes; give --export passes too, or leave it out")


def _check_keyframes(settings: Any) -> None:
    both = sorted(set(settings.add_key) & set(settings.drop_key))
    if both:
        raise SettingsError(f"frame {both[0]} is in --add-key and in --drop-key; leave it out of one of them")
    unused = [name for name in picking_options(refining=settings.refine is not None) if is_given(settings, name)]
    if settings.keyframes is not None and unused:
        raise SettingsError(
            f"{flag(settings, unused[0])} is about picking, and --keyframes names the keyframes; leave one of them out"
        )
    if isinstance(settings.keyframes, tuple) and settings.refine is None:
        _check_dropped_keys(settings.keyframes, settings.drop_key)
    if settings.refine is not None and (settings.renderer == "painted" or not settings.paints):
        raise SettingsError("--refine renders further keyframes; say what they are painted after, with --style PICTURE")
    if settings.keys_budget is not None and not settings.paints:
        raise SettingsError(
            "--keys-budget measures what a key costs; say what keys are painted after, with --style PICTURE"
        )


def picking_options(*, refining: bool) -> tuple[str, ...]:
    """Return the options that apply only where keyframes are picked. refining: whether more are added to a result."""
    return ("coverage", "max_keyframes", "keys_budget", "optimise_for", *(() if refining else ("min_gap",)))


def merge_settings(stored: Mapping[str, Any], requested: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings, overridden by requested ones; these also decide whether keyframes are named or picked."""
    refining = "refine" in stored or "refine" in requested
    picking = set(picking_options(refining=refining))
    replaced: set[str] = set()
    if "keyframes" in requested:
        replaced = picking | (set() if refining else {"drop_key"})
    elif picking & requested.keys():
        replaced = {"keyframes"}
    return {name: value for name, value in stored.items() if name not in replaced} | dict(requested)


def _check_dropped_keys(named: tuple[int, ...], dropped: tuple[int, ...]) -> None:
    """Raise SettingsError for a dropped key that is not among the named keyframes."""
    others = sorted(set(dropped) - set(named))
    if others:
        raise SettingsError(
            f"frame {others[0]} of --drop-key is none of those that --keyframes names; leave it out of --drop-key"
        )


def _check_matte(settings: Any) -> None:
    others = [
        option for option in options_of(type(settings)).values() if option.group == MATTE and option.name != "matte"
    ]
    unused = [option for option in others if is_given(settings, option.name)]
    if settings.matte is None and unused:
        raise SettingsError(f"{unused[0].flags[-1]} needs a matte to work on; give one with --matte PATH")
    found = settings.matte is not None and is_network_matte(settings.matte)
    if found and settings.matte_model is None:
        raise SettingsError(f"--matte {settings.matte} needs {_model_for(read_network_matte(settings.matte).prompts)}")
    if not found and settings.matte_model is not None:
        raise SettingsError(
            "--matte-model is for --matte auto, click: or box:; give one of these too, or leave the model out"
        )
    if settings.matte_grow and settings.matte_shrink:
        raise SettingsError("--matte-grow and --matte-shrink undo each other; give one of them, the difference")


def _model_for(prompts: Any) -> str:
    if prompts:
        return "a SAM 2 video model, which finds what it is pointed at; give one with --matte-model FOLDER or a repo id"
    return "a network that finds the subject; give one with --matte-model FILE.onnx"


def check_matte_method(settings: Any) -> None:
    """Raise SettingsError unless ``stylize matte`` has exactly one method, and all options that it needs."""
    given_options = [name for name in MATTE_METHODS if getattr(settings, name) not in (None, ())]
    prompts = (*settings.click, *settings.exclude, *settings.box)
    if prompts and settings.matte_model is None:
        raise SettingsError(f"--click, --exclude and --box need {_model_for(prompts)}")
    if settings.find is not None and (settings.matte_model is None or prompts):
        raise SettingsError("--find is for a network that finds it by itself, --matte-model FILE.onnx; leave one out")
    if not given_options:
        raise SettingsError(
            "what is inside? Give a painted matte and its frame with --key 40:mask.png, or a colour key: --chroma "
            "green, --luma 0.1:0.3 or --clean PATH, or a network: --matte-model FILE.onnx"
        )
    if len(given_options) > 1:
        one, other = (flag(settings, name) for name in given_options[:2])
        raise SettingsError(f"{one} and {other} are two ways to a matte; give one of them")
    check_prompts(prompts)


def _check_painted(settings: Any) -> None:
    """Raise SettingsError for options of picking or rendering, which have no effect with painted keys alone."""
    picking = ("coverage", "max_keyframes", "min_gap", "keys_budget", "optimise_for", "drop_key", "refine")
    unused = [name for name in picking if is_given(settings, name)]
    if is_given(settings, "seed") and settings.boil == 0:
        unused.append("seed")
    if unused:
        raise SettingsError(
            f"{flag(settings, unused[0])} does nothing with painted keys alone; leave it out, or give --style PICTURE "
            "to have more keys rendered"
        )


def _check_motion(settings: Any) -> None:
    given_options = [
        name for name in ("vectors", "vectors_back", "vectors_forward") if getattr(settings, name) is not None
    ]
    if given_options and is_given(settings, "flow"):
        raise SettingsError(
            f"--flow is for motion that is estimated; leave it or {flag(settings, given_options[0])} out"
        )
    if len(given_options) > 1 and "vectors" in given_options:
        raise SettingsError(f"--vectors holds both ways; leave it or {flag(settings, given_options[-1])} out")
    if len(given_options) == 1 and "vectors" not in given_options:
        other = "vectors_forward" if given_options == ["vectors_back"] else "vectors_back"
        raise SettingsError(
            f"{flag(settings, given_options[0])} is one way only; give the other with {flag(settings, other)} PATH"
        )
    if settings.flow_weights is not None and settings.flow != "raft":
        raise SettingsError("--flow-weights is for --flow raft; give that too, or leave the weights out")


def _check_diffusion(settings: Any) -> None:
    for name in ("structure", "keep_colours"):
        if is_given(settings, name):
            raise SettingsError(
                f"{flag(settings, name)} is not used by --renderer diffusion; leave it out, and say with "
                "--prompt what to paint"
            )
    if is_given(settings, "url"):
        raise SettingsError("--url is for --renderer a1111; give that too, or leave the address out")
    if settings.model is None:
        raise SettingsError("--renderer diffusion needs a model; give a folder, a file or a repo id with --model MODEL")
    _check_numbers(settings)
    _check_controls(settings)
    _check_conditioning(settings)


def _check_numbers(settings: Any) -> None:
    lowest = min(settings.denoise.values())
    if int(settings.steps * lowest) < 1:
        raise SettingsError(f"--denoise {lowest:g} of --steps {settings.steps} leaves no step to do; raise one of them")
    if settings.upscale is None and is_given(settings, "upscale_denoise"):
        raise SettingsError("--upscale-denoise is for --upscale FACTOR; give that too, or leave it out")
    lowest = min(settings.upscale_denoise.values())
    if settings.upscale is not None and int(settings.steps * lowest) < 1:
        raise SettingsError(
            f"--upscale-denoise {lowest:g} of --steps {settings.steps} leaves no step to do; raise one of them"
        )
    if settings.negative and max(settings.cfg.values()) == 1:
        raise SettingsError("--negative does nothing at --cfg 1; raise --cfg, or leave --negative out")


def _check_controls(settings: Any) -> None:
    unused = [model for model in settings.control_model if model.kind not in {one.kind for one in settings.control}]
    if unused:
        raise SettingsError(
            f"--control-model {unused[0]} is for a control that is not asked for; add --control {unused[0].kind}"
        )


def _check_a1111(settings: Any) -> None:
    for option in options_of(type(settings)).values():
        unsupported = option.group == DIFFUSION and option.name not in A1111_OPTIONS
        if option.name in _used_by_depth(settings):
            continue
        if (unsupported or option.name in ("style", "structure", "keep_colours")) and is_given(settings, option.name):
            raise SettingsError(
                f"{option.flags[-1]} is not used by --renderer a1111, whose server has models and weights of its own; "
                "leave it out"
            )
    _check_numbers(settings)
    _check_controls(settings)


def _check_conditioning(settings: Any) -> None:
    """Raise SettingsError for conditioning of a diffusion model with missing or unused options."""
    uses_annotators = settings.depth == DEPTH_AUTO or not all(one.path for one in settings.control)
    if settings.annotators is not None and not uses_annotators:
        raise SettingsError(
            "--annotators is for controls that are made from the plate; leave it out, or add --control KIND"
        )
    if settings.style is not None and settings.ip_adapter is None:
        raise SettingsError(
            "--style counts with --renderer diffusion through an IP-Adapter; give one with --ip-adapter FILE, or leave "
            "--style out, and say with --prompt what to paint"
        )
    if settings.ip_adapter is not None and settings.style is None:
        raise SettingsError("--ip-adapter is what --style counts through; give a picture with --style PICTURE")
    if settings.image_encoder is not None and settings.ip_adapter is None:
        raise SettingsError("--image-encoder is for an IP-Adapter; give one with --ip-adapter FILE")
    words = f"{settings.prompt or ''}{settings.negative or ''}"
    if settings.lora_folder is not None and "<lora:" not in words:
        raise SettingsError("--lora-folder is where <lora:name> is looked for, and no prompt names one; leave it out")
    if "<lora:" in (settings.negative or ""):
        raise SettingsError("<lora:name> counts for the whole picture; write it in --prompt, not in --negative")

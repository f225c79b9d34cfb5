"""Validation of combinations of options: an option that would have no effect is an error."""

from collections.abc import Mapping
from typing import Any

from stylize.errors import SettingsError
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.discovery import exporter, flow, renderer, segmenter_for
from stylize.extensions.opening import run_check
from stylize.extensions.registrations import RENDERERS, RendererRegistration
from stylize.settings.crypto_matte import is_crypto_matte
from stylize.settings.extension_options import check_reads, merge_tables
from stylize.settings.network_matte import check_prompts, is_network_matte, read_network_matte
from stylize.settings.option import DIFFUSION, MATTE, flag, is_given, options_of
from stylize.settings.option_types import DEPTH_AUTO, MATTE_METHODS, STAGES

# Options of a look, apart from the group Diffusion, that only some renderers read.
_RENDERER_OPTIONS = ("structure", "palette", "keep_colours", "tone")


def refuse_unused_options(settings: Any) -> None:
    """Raise SettingsError for an option of a look that would have no effect."""
    chosen = renderer(settings.renderer)
    check_reads(chosen, options_of(type(settings)))
    if not chosen.resolved_by:  # otherwise checked once auto has been resolved
        _check_renderer(settings, chosen)
    own = chosen.reads if chosen.paints_without_style else ()
    given = [name for name in _RENDERER_OPTIONS if name not in own and is_given(settings, name)]
    if settings.style is None and given:
        raise SettingsError(
            f"{flag(settings, given[0])} needs a reference picture; give --style PICTURE, or leave it out"
        )
    if settings.keep_colours and settings.palette and is_given(settings, "palette"):
        raise SettingsError(
            f"--keep-colours is another name for --palette 0, but --palette is {settings.palette:g}; give one of them"
        )
    if settings.keys is not None and settings.style is None and not chosen.paints_without_style:
        _check_painted(settings)
    _check_keyframes(settings)
    _check_matte(settings)


def _check_renderer(settings: Any, chosen: RendererRegistration) -> None:
    """Raise SettingsError for given options that the renderer does not read, and for missing ones that it needs."""
    has_paint = settings.style is not None or chosen.paints_without_style
    for option in options_of(type(settings)).values():
        read = option.name in chosen.reads or option.name in _used_by_depth(settings)
        if read or not is_given(settings, option.name):
            continue
        if option.group == DIFFUSION:
            reader = next(name for name, one in BUILT_IN[RENDERERS].items() if option.name in one.reads)
            raise SettingsError(f"{option.flags[-1]} is for --renderer {reader}, not {chosen.name}")
        if option.name in _RENDERER_OPTIONS and has_paint:
            raise SettingsError(f"{option.flags[-1]} is not used by --renderer {chosen.name}; leave it out")
    if settings.style is not None and chosen.paints and not chosen.takes_reference:
        raise SettingsError(f"--style is not used by --renderer {settings.renderer}; leave it out")
    if len(settings.references) > 1 and chosen.paints and not chosen.takes_several_references:
        raise SettingsError(
            f"--style takes one picture with --renderer {settings.renderer}, found {len(settings.references)}; leave "
            "the others out, or choose --renderer example"
        )
    if chosen.needs_model and settings.model is None:
        raise SettingsError(
            f"--renderer {settings.renderer} needs a model; give a folder, a file or a repo id with --model MODEL"
        )
    run_check(chosen, settings)


def check_cuts(settings: Any) -> None:
    """Raise SettingsError for a cut that is both added and dropped."""
    both = sorted(set(settings.add_cut) & set(settings.drop_cut))
    if both:
        raise SettingsError(f"frame {both[0]} is in both --add-cut and --drop-cut; remove it from one of them")


def check_run_options(settings: Any) -> None:
    """Raise SettingsError for an option of the whole shot that would have no effect."""
    check_cuts(settings)
    _check_motion(settings)
    _check_passes(settings)
    check_linear_light(settings)
    if settings.candidates is not None and (settings.draft or settings.scale is not None):
        raise SettingsError("--candidates does not apply to --draft, where the same seed gives another picture")
    first, last = settings.from_stage, settings.to_stage
    if first and last and STAGES.index(first) > STAGES.index(last):
        raise SettingsError(f"--from {first} comes after --to {last}; the stages are {', '.join(STAGES)}")


def check_linear_light(settings: Any) -> None:
    """Raise SettingsError for options of the view of linear light that contradict each other."""
    views = [name for name in ("clip", "exposure", "ocio") if is_given(settings, name)]
    if len(views) > 1:
        first, second = (flag(settings, name) for name in views[:2])
        raise SettingsError(f"{first} and {second} are two views of linear light; give only one of them")
    if settings.ocio is None:
        for name in ("input_space", "view"):
            if is_given(settings, name):
                raise SettingsError(f"{flag(settings, name)} needs --ocio CONFIG; give that too, or leave it out")
    elif settings.input_space is None or settings.view is None:
        raise SettingsError("--ocio needs --input-space NAME and --view NAME; give both")


def _used_by_depth(settings: Any) -> tuple[str, ...]:
    """Return the diffusion options that depth by a network uses."""
    return ("annotators", "device") if settings.depth == DEPTH_AUTO else ()


def _check_passes(settings: Any) -> None:
    chosen = [exporter(name) for name in settings.export]
    for one in chosen:
        check_reads(one, options_of(type(settings)))
    for name in ("passes_as", "depth"):
        if is_given(settings, name) and not any(name in one.reads for one in chosen):
            raise SettingsError(f"{flag(settings, name)} needs --export passes; give that too, or leave it out")


def _check_keyframes(settings: Any) -> None:
    both = sorted(set(settings.add_key) & set(settings.drop_key))
    if both:
        raise SettingsError(f"frame {both[0]} is in both --add-key and --drop-key; remove it from one of them")
    unused = [name for name in picking_options(refining=settings.refine is not None) if is_given(settings, name)]
    if settings.keyframes is not None and unused:
        raise SettingsError(
            f"{flag(settings, unused[0])} affects picking, but --keyframes names the keyframes; leave one of them out"
        )
    if isinstance(settings.keyframes, tuple) and settings.refine is None:
        _check_dropped_keys(settings.keyframes, settings.drop_key)
    if settings.refine is not None and not (renderer(settings.renderer).paints and settings.paints):
        raise SettingsError("--refine renders more keyframes; give a reference for them with --style PICTURE")
    if settings.keys_budget is not None and not settings.paints:
        raise SettingsError("--keys-budget measures the cost of rendering a key; give a reference with --style PICTURE")


def picking_options(*, refining: bool) -> tuple[str, ...]:
    """Return the options that apply only if keyframes are picked. refining: whether more are added to a result."""
    return ("coverage", "max_keyframes", "keys_budget", "optimise_for", *(() if refining else ("min_gap",)))


def merge_settings(stored: Mapping[str, Any], requested: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings, overridden by requested ones, which also decide whether keyframes are named or picked."""
    refining = "refine" in stored or "refine" in requested
    picking = set(picking_options(refining=refining))
    replaced: set[str] = set()
    if "keyframes" in requested:
        replaced = picking | (set() if refining else {"drop_key"})
    elif picking & requested.keys():
        replaced = {"keyframes"}
    kept = {name: value for name, value in stored.items() if name not in replaced}
    return kept | dict(requested) | merge_tables(stored, requested)


def _check_dropped_keys(named: tuple[int, ...], dropped: tuple[int, ...]) -> None:
    """Raise SettingsError for a dropped key that is not among the named keyframes."""
    others = sorted(set(dropped) - set(named))
    if others:
        raise SettingsError(f"frame {others[0]} of --drop-key is not among the --keyframes; remove it from --drop-key")


def _check_matte(settings: Any) -> None:
    others = [
        option for option in options_of(type(settings)).values() if option.group == MATTE and option.name != "matte"
    ]
    unused = [option for option in others if is_given(settings, option.name)]
    if settings.matte is None and unused:
        raise SettingsError(f"{unused[0].flags[-1]} needs a matte; give one with --matte PATH")
    found = settings.matte is not None and is_network_matte(settings.matte)
    if found:
        prompts = read_network_matte(settings.matte).prompts
        _check_segmenter(settings, prompts, f"--matte {settings.matte}")
    elif settings.matte_model is not None:
        raise SettingsError(
            "--matte-model needs --matte auto, click: or box:; give one of these too, or leave --matte-model out"
        )
    elif settings.segmenter is not None:
        raise SettingsError("--segmenter needs --matte auto, click: or box:; give one of these too, or leave it out")
    if settings.cryptomatte is not None and not is_crypto_matte(settings.matte):
        raise SettingsError("--cryptomatte needs --matte crypto:NAME; give that too, or leave it out")
    if settings.matte_grow and settings.matte_shrink:
        raise SettingsError("--matte-grow and --matte-shrink cancel each other; give only one, with the difference")


def _check_segmenter(settings: Any, prompts: Any, asked: str) -> None:
    """Raise SettingsError unless the segmenter fits the request. asked: the request as the user wrote it."""
    chosen = segmenter_for(settings.segmenter, prompted=bool(prompts))
    check_reads(chosen, options_of(type(settings)))
    if chosen.prompted and not prompts:
        raise SettingsError(f"--segmenter {chosen.name} needs prompts; give a click or a box")
    if prompts and not chosen.prompted:
        raise SettingsError(f"--segmenter {chosen.name} finds its subject automatically; leave clicks and boxes out")
    if chosen.needs_model and settings.matte_model is None:
        raise SettingsError(f"{asked} needs {_model_for(prompts)}")
    if settings.matte_model is not None and not (chosen.needs_model or "matte_model" in chosen.reads):
        raise SettingsError(f"--matte-model is not used by --segmenter {chosen.name}; leave it out")


def _model_for(prompts: Any) -> str:
    if prompts:
        return "a SAM 2 video model; give one with --matte-model and a folder or a repo id"
    return "a network that finds the subject; give one with --matte-model FILE.onnx"


def check_matte_method(settings: Any) -> None:
    """Raise SettingsError unless ``stylize matte`` has exactly one method, with all options that it needs."""
    given_options = [name for name in MATTE_METHODS if getattr(settings, name) not in (None, ())]
    if settings.scribble and not settings.key:
        given_options.append("scribble")
    given_options += [name for name in ("segmenter", "matte_model") if getattr(settings, name) is not None][:1]
    by_network = settings.matte_model is not None or settings.segmenter is not None
    prompts = (*settings.click, *settings.exclude, *settings.box)
    if prompts and not by_network:
        raise SettingsError(f"--click, --exclude and --box need {_model_for(prompts)}")
    if settings.find is not None and (not by_network or prompts):
        raise SettingsError(
            "--find needs a network that finds its subject automatically; give --matte-model FILE.onnx and no prompts"
        )
    if not given_options:
        raise SettingsError(
            "no source is given for the matte; give a painted matte and its frame with --key 40:mask.png, a colour key "
            "with --chroma green, --luma 0.1:0.3 or --clean PATH, or a network with --matte-model FILE.onnx"
        )
    if len(given_options) > 1:
        one, other = (flag(settings, name) for name in given_options[:2])
        raise SettingsError(f"{one} and {other} are two methods of making a matte; give only one")
    if by_network:
        _check_segmenter(settings, prompts, f"--segmenter {settings.segmenter}")
    check_prompts(prompts)


def _check_painted(settings: Any) -> None:
    """Raise SettingsError for options of picking or rendering, which have no effect with painted keys alone."""
    picking = ("coverage", "max_keyframes", "min_gap", "keys_budget", "optimise_for", "drop_key", "refine")
    unused = [name for name in picking if is_given(settings, name)]
    if is_given(settings, "seed") and settings.boil == 0:
        unused.append("seed")
    if unused:
        raise SettingsError(
            f"{flag(settings, unused[0])} has no effect if all keys are painted; leave it out, or give --style PICTURE "
            "to render more keys"
        )


def _check_motion(settings: Any) -> None:
    given_options = [
        name for name in ("vectors", "vectors_back", "vectors_forward") if getattr(settings, name) is not None
    ]
    if given_options and is_given(settings, "flow"):
        raise SettingsError(f"--flow is for estimated motion; leave out --flow or {flag(settings, given_options[0])}")
    if len(given_options) > 1 and "vectors" in given_options:
        raise SettingsError(
            f"--vectors contains both directions; leave out --vectors or {flag(settings, given_options[-1])}"
        )
    if len(given_options) == 1 and "vectors" not in given_options:
        other = "vectors_forward" if given_options == ["vectors_back"] else "vectors_back"
        raise SettingsError(
            f"{flag(settings, given_options[0])} is one direction; give the other with {flag(settings, other)} PATH"
        )
    chosen = flow(settings.flow)
    check_reads(chosen, options_of(type(settings)))
    if settings.flow_weights is not None and "flow_weights" not in chosen.reads:
        raise SettingsError("--flow-weights needs --flow raft; give that too, or leave --flow-weights out")

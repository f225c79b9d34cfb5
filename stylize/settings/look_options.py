"""Options of a look: a layer may override each of them. Every option is declared once, with default, range and help."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stylize.extensions.discovery import renderer
from stylize.extensions.options import ExtensionOptions
from stylize.settings import option_types as types
from stylize.settings.compound import GUIDE_WEIGHT, GuideSpec
from stylize.settings.conditions import ControlModelSpec, ControlSpec, WeightsSpec
from stylize.settings.extension_options import EXTENSION_OPTIONS
from stylize.settings.option import (
    DIFFUSION,
    KEYFRAMES,
    LOOK,
    MAIN,
    MATTE,
    PROPAGATION,
    Option,
    option_field,
    options_of,
)
from stylize.settings.run_options import PAINTING
from stylize.settings.schedules import Schedule, constant

# Stages that read the matte.
_MASKED = ("pick", "render", "propagate", "export")


@dataclass(frozen=True)
class LookSettings:
    """Options of one look: its keyframes, their renderer, its matte and its propagation."""

    style: Path | tuple[Path, ...] | None = option_field(
        types.REFERENCES,
        None,
        MAIN,
        "Reference picture whose style the keyframes are painted in. May be repeated, to paint with the marks and "
        "colours of several.",
        stages=PAINTING,
        essential=True,
    )
    keys: Path | None = option_field(
        types.FOLDER,
        None,
        MAIN,
        "Folder of painted keys, named by frame number.",
        stages=("pick", "render", "propagate", "export"),
        essential=True,
    )
    keyframes: tuple[int, ...] | Path | None = option_field(
        types.KEYS,
        None,
        MAIN,
        "Frames to use as keyframes, such as 12,40,77, or the keys.csv file of a plan.",
        stages=("pick", types.PLAN),
        essential=True,
    )
    add_key: tuple[int, ...] = option_field(
        types.FRAMES, (), KEYFRAMES, "Frames to use as keyframes in addition to those picked.", stages=("pick",)
    )
    drop_key: tuple[int, ...] = option_field(
        types.FRAMES, (), KEYFRAMES, "Frames that must not become keyframes.", stages=("pick", "render", "export")
    )
    min_gap: int = option_field(
        types.COUNT,
        1,
        KEYFRAMES,
        "Minimum distance, in frames, from a picked keyframe to any other.",
        stages=("pick", "render", "export"),
    )
    max_keyframes: int | None = option_field(
        types.COUNT,
        None,
        KEYFRAMES,
        "Maximum number of keyframes to pick in each shot.",
        stages=("pick",),
    )
    keys_budget: float | None = option_field(
        types.DURATION,
        None,
        KEYFRAMES,
        "Maximum time for rendering the keyframes, such as 10m; this limits their number.",
        stages=("pick",),
    )
    coverage: float = option_field(
        types.SHARE,
        0.78,
        KEYFRAMES,
        "Share of every frame that the keyframes must cover.",
        stages=("pick", types.PLAN),
    )
    optimise_for: str = option_field(
        types.choice(types.OPTIMISE_FOR),
        "mean",
        KEYFRAMES,
        "Quality to optimise the keyframes for: the mean over all frames, or the worst frames.",
        stages=("pick",),
        formerly={"keys_for": "0.2"},
    )
    refine: int | None = option_field(
        types.COUNT,
        None,
        KEYFRAMES,
        "Measure the result, and render up to N more keyframes where it is poor.",
        stages=("render", "propagate"),
    )
    renderer: str = option_field(
        types.RENDERER, "example", LOOK, "Renderer that paints the keyframes.", stages=PAINTING, essential=True
    )
    renderer_options: Mapping[str, object] | ExtensionOptions | None = option_field(
        EXTENSION_OPTIONS, None, LOOK, "Options of a renderer from another distribution.", stages=PAINTING
    )
    structure: float = option_field(
        types.SHARE,
        0.5,
        LOOK,
        "Strength of the plate's edges relative to those of the reference.",
        stages=PAINTING,
        essential=True,
    )
    palette: float = option_field(
        types.SHARE,
        0.5,
        LOOK,
        "Palette: the plate's colours (0), the nearest in the reference (0.5), or the reference's in its own "
        "proportions (1).",
        stages=PAINTING,
        essential=True,
    )
    keep_colours: bool = option_field(
        types.FLAG,
        False,
        LOOK,
        "Keep the plate's colours, as --palette 0 does.",
        stages=PAINTING,
    )
    tone: float = option_field(
        types.SHARE,
        0.0,
        LOOK,
        "Tones, from those of the shot (0) to those of the reference (1).",
        stages=PAINTING,
    )
    seed: int = option_field(
        types.NUMBER,
        0,
        LOOK,
        "Random seed; a different number gives a different painting.",
        stages=("pick", "render", "propagate"),
    )
    model: str | None = option_field(
        types.MODEL,
        None,
        DIFFUSION,
        "Stable Diffusion 1.5 or XL model: a folder, a .safetensors file or a repo id.",
        stages=PAINTING,
    )
    model_config: str | None = option_field(
        types.MODEL,
        None,
        DIFFUSION,
        "Configuration of a single-file model; the default is the repo of its family.",
        stages=PAINTING,
    )
    vae: str | None = option_field(
        types.MODEL,
        None,
        DIFFUSION,
        "Autoencoder to use instead of the model's own: a folder, a .safetensors file or a repo id.",
        stages=PAINTING,
    )
    device: str = option_field(
        types.choice(types.DEVICES),
        "auto",
        DIFFUSION,
        "Device to compute on; auto uses the first one available.",
        stages=("pick", "render", "export"),
    )
    dtype: str = option_field(
        types.choice(types.PRECISIONS),
        "auto",
        DIFFUSION,
        "Floating-point precision; auto is float16 on cuda and float32 elsewhere.",
        stages=PAINTING,
    )
    prompt: str | None = option_field(
        types.WORDS,
        None,
        DIFFUSION,
        "Prompt: what to paint, in A1111's syntax, or a schedule of prompts by frame.",
        stages=PAINTING,
    )
    negative: str | None = option_field(
        types.WORDS, None, DIFFUSION, "Negative prompt: what not to paint, in the same syntax.", stages=PAINTING
    )
    steps: int = option_field(
        types.STEPS,
        20,
        DIFFUSION,
        "Number of steps in the full schedule; --denoise is the share of them that is run.",
        stages=PAINTING,
    )
    cfg: Schedule = option_field(
        types.GUIDANCE,
        constant(7.0),
        DIFFUSION,
        "Guidance scale: how closely to follow the prompt; 1 turns guidance off.",
        stages=PAINTING,
    )
    denoise: Schedule = option_field(
        types.SCHEDULED_SHARE,
        constant(0.5),
        DIFFUSION,
        "How far the painting may depart from the plate; 1 starts from pure noise.",
        stages=PAINTING,
    )
    sampler: str | None = option_field(
        types.SAMPLER,
        None,
        DIFFUSION,
        "Sampler, by its A1111 name, such as 'dpm++ 2m karras'; the default is the model's own.",
        stages=PAINTING,
    )
    clip_skip: int = option_field(
        types.SKIP,
        1,
        DIFFUSION,
        "Layer of the text encoder to use, counted backwards from the last (1).",
        stages=PAINTING,
    )
    render_size: int | None = option_field(
        types.SIDE,
        None,
        DIFFUSION,
        "Render size, as the side of a square of equal area; the default is the size of the plate.",
        stages=PAINTING,
    )
    upscale: float | None = option_field(
        types.FACTOR,
        None,
        DIFFUSION,
        "Repaint keys of large plates in tiles, enlarged by up to this factor, at most to the size of the plate.",
        stages=PAINTING,
    )
    upscale_denoise: Schedule = option_field(
        types.SCHEDULED_SHARE,
        constant(0.3),
        DIFFUSION,
        "How far the repainted tiles may depart from the original key.",
        stages=PAINTING,
    )
    control: tuple[ControlSpec, ...] = option_field(
        types.CONTROL,
        (),
        DIFFUSION,
        "ControlNet with its weight and its share of the steps, such as canny:0.8:0-0.6; KIND=PATH reads its pictures "
        "from files. May be repeated.",
        stages=PAINTING,
    )
    control_model: tuple[ControlModelSpec, ...] = option_field(
        types.CONTROL_MODEL,
        (),
        DIFFUSION,
        "Model for one kind of control: a folder or a repo id. May be repeated.",
        stages=PAINTING,
    )
    annotators: str | None = option_field(
        types.MODEL,
        None,
        DIFFUSION,
        "Networks that derive controls from the plate: a folder or a repo id; the default is lllyasviel/Annotators.",
        stages=("pick", "render", "export"),
    )
    lora: tuple[WeightsSpec, ...] = option_field(
        types.LORAS,
        (),
        DIFFUSION,
        "LoRA and its weight, such as style.safetensors:0.8. May be repeated.",
        stages=PAINTING,
    )
    lora_folder: Path | None = option_field(
        types.FOLDER, None, DIFFUSION, "Folder of the LoRAs that prompts name as <lora:name:weight>.", stages=PAINTING
    )
    ip_adapter: WeightsSpec | None = option_field(
        types.ADAPTER,
        None,
        DIFFUSION,
        "IP-Adapter that applies --style, with its weight and its share of the steps.",
        stages=PAINTING,
    )
    image_encoder: str | None = option_field(
        types.MODEL,
        None,
        DIFFUSION,
        "Image encoder of the IP-Adapter; the default is image_encoder/ next to the adapter.",
        stages=PAINTING,
    )
    share_attention: float = option_field(
        types.SHARE,
        0.5,
        DIFFUSION,
        "Share of the steps in which a key attends to the first and the previous key.",
        stages=PAINTING,
    )
    fuse: float = option_field(
        types.SHARE,
        0.8,
        DIFFUSION,
        "Share of the steps in which the previous key, warped by flow, is composited in.",
        stages=PAINTING,
    )
    match_colours: float = option_field(
        types.SHARE,
        1.0,
        DIFFUSION,
        "How closely the colours of a key match those of the previous key where both show the same content.",
        stages=PAINTING,
    )
    url: str = option_field(
        types.TARGET_URL,
        "http://127.0.0.1:7860",
        DIFFUSION,
        "Address of the A1111 server for --renderer a1111.",
        stages=PAINTING,
    )
    retries: int = option_field(
        types.RETRIES,
        0,
        DIFFUSION,
        "Maximum number of times to repaint a key, with other seeds, if it does not agree with the previous key.",
        stages=PAINTING,
    )
    matte: str | None = option_field(
        types.MATTE_SOURCE,
        None,
        MATTE,
        "Where to apply the style: a sequence, movie or still, white inside; alpha for the alpha channel of the shot; "
        "crypto:NAME for an object in the Cryptomatte of EXR plates; "
        "auto, auto:person or auto:subject for a network to find it; or prompts for SAM 2, repeated: click:x,y@frame "
        "inside, exclude:x,y@frame outside, box:x0,y0,x1,y1@frame around the subject.",
        stages=_MASKED,
        essential=True,
    )
    cryptomatte: Path | None = option_field(
        types.PATH,
        None,
        MATTE,
        "EXR files that hold the Cryptomatte of --matte crypto:NAME, if it is not in the plates: a folder, a pattern "
        "or one file.",
        stages=_MASKED,
    )
    matte_model: str | None = option_field(
        types.MATTE_MODEL,
        None,
        MATTE,
        "Network that finds the subject: FILE.onnx, such as u2netp.onnx, for --matte auto; a SAM 2 folder or cached "
        "repo id for click: and box:.",
        stages=_MASKED,
    )
    segmenter: str | None = option_field(
        types.SEGMENTER,
        None,
        MATTE,
        "Segmenter that finds the subject, for --matte auto, click: and box:.",
        stages=_MASKED,
    )
    segmenter_options: Mapping[str, object] | ExtensionOptions | None = option_field(
        EXTENSION_OPTIONS, None, MATTE, "Options of a segmenter from another distribution.", stages=_MASKED
    )
    matte_invert: bool = option_field(
        types.FLAG, False, MATTE, "Apply the style where the matte is black.", stages=_MASKED
    )
    matte_grow: int = option_field(
        types.MATTE_PIXELS, 0, MATTE, "Grow the inside of the matte by this many pixels.", stages=_MASKED
    )
    matte_shrink: int = option_field(
        types.MATTE_PIXELS, 0, MATTE, "Shrink the inside of the matte by this many pixels.", stages=_MASKED
    )
    matte_feather: int = option_field(
        types.MATTE_PIXELS,
        0,
        MATTE,
        "Soften the edge of the matte over this many pixels, half of them on each side.",
        stages=_MASKED,
    )
    guide: tuple[GuideSpec, ...] = option_field(
        types.GUIDES,
        (),
        PROPAGATION,
        f"Guide for the patch search, such as depth, normals or IDs: a sequence, movie or still, and its weight "
        f"(default {GUIDE_WEIGHT:g}). May be repeated.",
        stages=("propagate",),
    )
    on: str = option_field(
        types.choice(tuple(types.FRAMES_PER_DRAWING)),
        "auto",
        PROPAGATION,
        "When to redraw: when the plate changes (auto), in every frame (ones), or after 2 (twos) or 3 frames "
        "(threes); on twos and threes, repeated plates share one drawing.",
        stages=(types.PLAN, "propagate"),
    )
    boil: float = option_field(
        types.SHARE,
        0.0,
        PROPAGATION,
        "How much lines wobble from one drawing to the next, as if drawn by hand.",
        stages=("propagate",),
    )

    @property
    def references(self) -> tuple[Path, ...]:
        """Paths of the reference pictures."""
        return self.style if isinstance(self.style, tuple) else () if self.style is None else (self.style,)

    @property
    def paints(self) -> bool:
        """Return whether the renderer can paint keys, because it has a reference or is a model that needs none."""
        return self.style is not None or renderer(self.renderer).paints_without_style


LOOK_OPTIONS: Mapping[str, Option] = options_of(LookSettings)

"""Options of a look: a layer may override each of them. Every option is declared once, with default, range and help."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stylize.settings import option_types as types
from stylize.settings.compound import GUIDE_WEIGHT, GuideSpec
from stylize.settings.conditions import ControlModelSpec, ControlSpec, WeightsSpec
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
from stylize.settings.schedules import Schedule, constant


@dataclass(frozen=True)
class LookSettings:
    """Options of one look: its keyframes, their renderer, its matte and its propagation."""

    style: Path | None = option_field(
        types.PICTURE, None, MAIN, "Reference picture whose manner the keyframes are painted in."
    )
    keys: Path | None = option_field(types.FOLDER, None, MAIN, "Folder of painted keys, named by frame number.")
    keyframes: tuple[int, ...] | Path | None = option_field(
        types.KEYS, None, MAIN, "Frames to take as keyframes, as 12,40,77, or the keys.csv of a plan."
    )
    add_key: tuple[int, ...] = option_field(
        types.FRAMES, (), KEYFRAMES, "Frames that are keyframes whatever else is picked."
    )
    drop_key: tuple[int, ...] = option_field(types.FRAMES, (), KEYFRAMES, "Frames that must not be keyframes.")
    min_gap: int = option_field(types.COUNT, 1, KEYFRAMES, "Least frames from a keyframe that is picked to any other.")
    max_keyframes: int | None = option_field(types.COUNT, None, KEYFRAMES, "Most keyframes to pick in each shot.")
    keys_budget: float | None = option_field(
        types.DURATION,
        None,
        KEYFRAMES,
        "Time that rendering the keyframes may take, as 10m: decides how many there are.",
    )
    coverage: float = option_field(
        types.SHARE, 0.78, KEYFRAMES, "Share of every frame that the keyframes must explain."
    )
    optimise_for: str = option_field(
        types.choice(types.OPTIMISE_FOR), "mean", KEYFRAMES,
        "What keyframes, however many, are placed for: frames on average, or the worst ones.",
        formerly={"keys_for": "0.2"},
    )  # fmt: skip
    refine: int | None = option_field(
        types.COUNT,
        None,
        KEYFRAMES,
        "Look at the result, and render up to so many further keyframes where it is poor.",
    )
    renderer: str = option_field(types.choice(types.RENDERERS), "example", LOOK, "What paints the keyframes.")
    structure: float = option_field(types.SHARE, 0.5, LOOK, "How much the plate's edges rule over the reference's own.")
    keep_colours: bool = option_field(
        types.FLAG, False, LOOK, "Keep the plate's hues instead of the reference's palette."
    )
    seed: int = option_field(types.NUMBER, 0, LOOK, "Another number gives another painting.")
    model: str | None = option_field(
        types.MODEL, None, DIFFUSION, "Stable Diffusion 1.5 or XL: a folder, a .safetensors file, or a repo id."
    )
    model_config: str | None = option_field(
        types.MODEL,
        None,
        DIFFUSION,
        "Configuration of a model that is one file; the default is its family's repo.",
    )
    vae: str | None = option_field(
        types.MODEL, None, DIFFUSION, "Another autoencoder: a folder, a .safetensors file, or a repo id."
    )
    device: str = option_field(
        types.choice(types.DEVICES), "auto", DIFFUSION, "What computes; auto takes what is there."
    )
    dtype: str = option_field(
        types.choice(types.PRECISIONS),
        "auto",
        DIFFUSION,
        "Precision; auto is float16 on cuda, else float32.",
    )
    prompt: str | None = option_field(
        types.WORDS, None, DIFFUSION, "What to paint, in words, as for A1111; or a schedule by frame."
    )
    negative: str | None = option_field(types.WORDS, None, DIFFUSION, "What not to paint, in words, likewise.")
    steps: int = option_field(
        types.STEPS, 20, DIFFUSION, "Steps of the whole schedule; --denoise is the share that is done."
    )
    cfg: Schedule = option_field(
        types.GUIDANCE, constant(7.0), DIFFUSION, "How strongly the prompt rules; at 1 nothing is added to it."
    )
    denoise: Schedule = option_field(
        types.SCHEDULED_SHARE,
        constant(0.5),
        DIFFUSION,
        "How far the painting may leave the plate; at 1 it starts from noise.",
    )
    sampler: str | None = option_field(
        types.SAMPLER,
        None,
        DIFFUSION,
        "Sampler by its name in A1111, as 'dpm++ 2m karras'; the default is the model's own.",
    )
    clip_skip: int = option_field(
        types.SKIP, 1, DIFFUSION, "Which of the text encoder's layers counts, from the last one."
    )
    render_size: int | None = option_field(
        types.SIDE,
        None,
        DIFFUSION,
        "Work at so many pixels as a square of this side has; the default is the plate's own size.",
    )
    upscale: float | None = option_field(
        types.FACTOR,
        None,
        DIFFUSION,
        "Paint keys of large plates again in tiles, up to so many times as large, at most at the plate's own size.",
    )
    upscale_denoise: Schedule = option_field(
        types.SCHEDULED_SHARE,
        constant(0.3),
        DIFFUSION,
        "How far the tiles may leave the key that they are made from.",
    )
    control: tuple[ControlSpec, ...] = option_field(
        types.CONTROL, (), DIFFUSION,
        "ControlNet that leads, its weight and share of the steps, as canny:0.8:0-0.6; KIND=PATH takes pictures that "
        "are ready. May be repeated.",
    )  # fmt: skip
    control_model: tuple[ControlModelSpec, ...] = option_field(
        types.CONTROL_MODEL, (), DIFFUSION, "Model for a kind of control, a folder or repo id. May be repeated."
    )
    annotators: str | None = option_field(
        types.MODEL,
        None,
        DIFFUSION,
        "Networks that make controls from the plate, a folder or repo id; the default is lllyasviel/Annotators.",
    )
    lora: tuple[WeightsSpec, ...] = option_field(types.LORAS, (), DIFFUSION, "LoRA and its weight. May be repeated.")
    lora_folder: Path | None = option_field(
        types.FOLDER, None, DIFFUSION, "Where <lora:name:weight> in prompts is looked for."
    )
    ip_adapter: WeightsSpec | None = option_field(
        types.ADAPTER,
        None,
        DIFFUSION,
        "IP-Adapter, through which --style counts, its weight and share of the steps.",
    )
    image_encoder: str | None = option_field(
        types.MODEL,
        None,
        DIFFUSION,
        "Model that sees --style for the adapter; the default is image_encoder/ beside it.",
    )
    share_attention: float = option_field(
        types.SHARE,
        0.5,
        DIFFUSION,
        "Share of the steps in which a key also looks at the first and the previous one.",
    )
    fuse: float = option_field(
        types.SHARE, 0.8, DIFFUSION, "Share of the steps in which the previous key, carried by flow, is laid in."
    )
    match_colours: float = option_field(
        types.SHARE,
        1.0,
        DIFFUSION,
        "How much a key's colours are drawn to the previous one's, where both show the same.",
    )
    url: str = option_field(
        types.TARGET_URL,
        "http://127.0.0.1:7860",
        DIFFUSION,
        "Where the A1111 runs that --renderer a1111 asks to paint.",
    )
    retries: int = option_field(
        types.RETRIES,
        0,
        DIFFUSION,
        "How often a key that disagrees with the one before is painted again, with other seeds.",
    )
    matte: str | None = option_field(
        types.MATTE_SOURCE, None, MATTE,
        "Where the style goes: sequence, movie or still, white is inside; alpha, for the shot's own; what a network "
        "finds: auto, auto:person, auto:subject; or what SAM 2 is pointed at, repeated: click:x,y@frame, "
        "exclude:x,y@frame for what is not inside, box:x0,y0,x1,y1@frame.",
    )  # fmt: skip
    matte_model: str | None = option_field(
        types.MATTE_MODEL, None, MATTE,
        "Network for --matte auto: FILE.onnx, such as u2netp.onnx; or SAM 2 for click: and box:, a folder or a cached "
        "repo id.",
    )  # fmt: skip
    matte_invert: bool = option_field(types.FLAG, False, MATTE, "The style goes where the matte is black.")
    matte_grow: int = option_field(
        types.MATTE_PIXELS, 0, MATTE, "Make the inside of the matte larger by so many pixels."
    )
    matte_shrink: int = option_field(types.MATTE_PIXELS, 0, MATTE, "Make it smaller by so many pixels.")
    matte_feather: int = option_field(
        types.MATTE_PIXELS, 0, MATTE, "Soften its edge over so many pixels, half of them on either side."
    )
    guide: tuple[GuideSpec, ...] = option_field(
        types.GUIDES, (), PROPAGATION,
        f"A guide for the paint, such as depth, normals or IDs: sequence, movie or still, and its weight "
        f"({GUIDE_WEIGHT:g}). May be repeated.",
    )  # fmt: skip
    on: str = option_field(
        types.choice(tuple(types.FRAMES_PER_DRAWING)),
        "ones",
        PROPAGATION,
        "Draw every frame, or hold drawings for 2 or 3 frames.",
    )
    boil: float = option_field(
        types.SHARE, 0.0, PROPAGATION, "How much drawings waver from one to the next, as if made by hand."
    )

    @property
    def paints(self) -> bool:
        """Return whether the renderer can paint keys: it has a reference, or is a model that needs none."""
        return self.style is not None or self.renderer in (*types.MODEL_RENDERERS, types.AUTO_RENDERER)


LOOK_OPTIONS: Mapping[str, Option] = options_of(LookSettings)

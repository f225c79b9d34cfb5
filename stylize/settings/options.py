"""Every option of a run, once: its default, range and help. Flags, help texts and project files derive from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Any

from stylize.errors import SettingsError
from stylize.media.codecs import CODECS
from stylize.media.spaces import WORKING_SPACES
from stylize.settings import option_types as types
from stylize.settings.compound import GUIDE_WEIGHT, GuideAsked
from stylize.settings.conditions import ControlAsked, FileAsked, ModelAsked
from stylize.settings.layers import LAYER_KIND, LayerAsked, check_layers
from stylize.settings.option import (
    DIFFUSION,
    EXPORT,
    KEYFRAMES,
    LAYERS,
    LOOK,
    MAIN,
    MATTE,
    MOTION,
    PROPAGATION,
    READING,
    RUN,
    Option,
    declared,
    options_of,
    read,
)
from stylize.settings.schedules import Schedule, constant
from stylize.settings.validation import check_shot, refuse_idle


@dataclass(frozen=True)
class Settings:
    """What a user asks for. Texts are read as on the command line.

    Raises SettingsError for a value that an option does not take, and for a mix that would do nothing.
    """

    style: Path | None = declared(
        types.PICTURE, None, MAIN, "Reference picture whose manner the keyframes are painted in."
    )
    keys: Path | None = declared(types.FOLDER, None, MAIN, "Folder of painted keys, named by frame number.")
    output: str | None = declared(
        types.TARGET, None, MAIN, "Folder, pattern (out/name.####.exr) or movie (.mp4, .mov, .mkv) to write.",
        flags=("-o", "--output"),
    )  # fmt: skip
    frames: str | None = declared(types.RANGE, None, MAIN, "Part of the shot to work on, as 1001-1100 or 10-50x2.")
    keyframes: tuple[int, ...] | Path | None = declared(
        types.KEYS, None, MAIN, "Frames to take as keyframes, as 12,40,77, or the keys.csv of a plan."
    )

    add_key: tuple[int, ...] = declared(
        types.FRAMES, (), KEYFRAMES, "Frames that are keyframes whatever else is picked."
    )
    drop_key: tuple[int, ...] = declared(types.FRAMES, (), KEYFRAMES, "Frames that must not be keyframes.")
    min_gap: int = declared(types.COUNT, 1, KEYFRAMES, "Least frames from a keyframe that is picked to any other.")
    max_keyframes: int | None = declared(types.COUNT, None, KEYFRAMES, "Most keyframes to pick in each shot.")
    keys_budget: float | None = declared(
        types.DURATION,
        None,
        KEYFRAMES,
        "Time that rendering the keyframes may take, as 10m: decides how many there are.",
    )
    coverage: float = declared(types.SHARE, 0.78, KEYFRAMES, "Share of every frame that the keyframes must explain.")
    keys_for: str = declared(
        types.choice(types.PLACED_FOR), "mean", KEYFRAMES,
        "What keyframes, however many, are placed for: frames on average, or the worst ones.",
    )  # fmt: skip
    refine: int | None = declared(
        types.COUNT,
        None,
        KEYFRAMES,
        "Look at the result, and render up to so many further keyframes where it is poor.",
    )
    split: bool = declared(types.FLAG, True, KEYFRAMES, "Take the footage as one shot, even where it cuts.",
                          flags=("--no-split",))  # fmt: skip

    renderer: str = declared(types.choice(types.RENDERERS), "example", LOOK, "What paints the keyframes.")
    structure: float = declared(types.SHARE, 0.5, LOOK, "How much the plate's edges rule over the reference's own.")
    keep_colours: bool = declared(types.FLAG, False, LOOK, "Keep the plate's hues instead of the reference's palette.")
    seed: int = declared(types.NUMBER, 0, LOOK, "Another number gives another painting.")

    model: str | None = declared(
        types.MODEL, None, DIFFUSION, "Stable Diffusion 1.5 or XL: a folder, a .safetensors file, or a repo id."
    )
    model_config: str | None = declared(
        types.MODEL,
        None,
        DIFFUSION,
        "Configuration of a model that is one file; the default is its family's repo.",
    )
    vae: str | None = declared(
        types.MODEL, None, DIFFUSION, "Another autoencoder: a folder, a .safetensors file, or a repo id."
    )
    device: str = declared(types.choice(types.DEVICES), "auto", DIFFUSION, "What computes; auto takes what is there.")
    dtype: str = declared(
        types.choice(types.PRECISIONS),
        "auto",
        DIFFUSION,
        "Precision; auto is float16 on cuda, else float32.",
    )
    prompt: str | None = declared(
        types.WORDS, None, DIFFUSION, "What to paint, in words, as for A1111; or a schedule by frame."
    )
    negative: str | None = declared(types.WORDS, None, DIFFUSION, "What not to paint, in words, likewise.")
    steps: int = declared(
        types.STEPS, 20, DIFFUSION, "Steps of the whole schedule; --denoise is the share that is done."
    )
    cfg: Schedule = declared(
        types.GUIDANCE, constant(7.0), DIFFUSION, "How strongly the prompt rules; at 1 nothing is added to it."
    )
    denoise: Schedule = declared(
        types.SCHEDULED_SHARE,
        constant(0.5),
        DIFFUSION,
        "How far the painting may leave the plate; at 1 it starts from noise.",
    )
    sampler: str | None = declared(
        types.SAMPLER,
        None,
        DIFFUSION,
        "Sampler by its name in A1111, as 'dpm++ 2m karras'; the default is the model's own.",
    )
    clip_skip: int = declared(types.SKIP, 1, DIFFUSION, "Which of the text encoder's layers counts, from the last one.")
    render_size: int | None = declared(
        types.SIDE,
        None,
        DIFFUSION,
        "Work at so many pixels as a square of this side has; the default is the plate's own size.",
    )
    upscale: float | None = declared(
        types.FACTOR,
        None,
        DIFFUSION,
        "Paint keys of large plates again in tiles, up to so many times as large, at most at the plate's own size.",
    )
    upscale_denoise: Schedule = declared(
        types.SCHEDULED_SHARE,
        constant(0.3),
        DIFFUSION,
        "How far the tiles may leave the key that they are made from.",
    )
    control: tuple[ControlAsked, ...] = declared(
        types.CONTROL, (), DIFFUSION,
        "ControlNet that leads, its weight and share of the steps, as canny:0.8:0-0.6; KIND=PATH takes pictures that "
        "are ready. May be repeated.",
    )  # fmt: skip
    control_model: tuple[ModelAsked, ...] = declared(
        types.CONTROL_MODEL, (), DIFFUSION, "Model for a kind of control, a folder or repo id. May be repeated."
    )
    annotators: str | None = declared(
        types.MODEL,
        None,
        DIFFUSION,
        "Networks that make controls from the plate, a folder or repo id; the default is lllyasviel/Annotators.",
    )
    lora: tuple[FileAsked, ...] = declared(types.LORAS, (), DIFFUSION, "LoRA and its weight. May be repeated.")
    lora_folder: Path | None = declared(
        types.FOLDER, None, DIFFUSION, "Where <lora:name:weight> in prompts is looked for."
    )
    ip_adapter: FileAsked | None = declared(
        types.ADAPTER,
        None,
        DIFFUSION,
        "IP-Adapter, through which --style counts, its weight and share of the steps.",
    )
    image_encoder: str | None = declared(
        types.MODEL,
        None,
        DIFFUSION,
        "Model that sees --style for the adapter; the default is image_encoder/ beside it.",
    )
    share_attention: float = declared(
        types.SHARE,
        0.5,
        DIFFUSION,
        "Share of the steps in which a key also looks at the first and the previous one.",
    )
    fuse: float = declared(
        types.SHARE, 0.8, DIFFUSION, "Share of the steps in which the previous key, carried by flow, is laid in."
    )
    match_colours: float = declared(
        types.SHARE,
        1.0,
        DIFFUSION,
        "How much a key's colours are drawn to the previous one's, where both show the same.",
    )

    like: Path | None = declared(
        types.PATH,
        None,
        DIFFUSION,
        "A key, its JSON, or a picture of A1111: paint as it was painted, but for what is asked for beside.",
        stored=False,
    )
    url: str = declared(
        types.TARGET_URL,
        "http://127.0.0.1:7860",
        DIFFUSION,
        "Where the A1111 runs that --renderer a1111 asks to paint.",
    )
    retries: int = declared(
        types.RETRIES,
        0,
        DIFFUSION,
        "How often a key that disagrees with the one before is painted again, with other seeds.",
    )

    matte: str | None = declared(
        types.MATTE_SOURCE, None, MATTE,
        "Where the style goes: sequence, movie or still, white is inside; alpha, for the shot's own; what a network "
        "finds: auto, auto:person, auto:subject; or what SAM 2 is pointed at, repeated: click:x,y@frame, "
        "exclude:x,y@frame for what is not inside, box:x0,y0,x1,y1@frame.",
    )  # fmt: skip
    matte_model: str | None = declared(
        types.MATTE_MODEL, None, MATTE,
        "Network for --matte auto: FILE.onnx, such as u2netp.onnx; or SAM 2 for click: and box:, a folder or a cached "
        "repo id.",
    )  # fmt: skip
    matte_invert: bool = declared(types.FLAG, False, MATTE, "The style goes where the matte is black.")
    matte_grow: int = declared(types.REACH, 0, MATTE, "Make the inside of the matte larger by so many pixels.")
    matte_shrink: int = declared(types.REACH, 0, MATTE, "Make it smaller by so many pixels.")
    matte_feather: int = declared(
        types.REACH, 0, MATTE, "Soften its edge over so many pixels, half of them on either side."
    )

    layers: tuple[LayerAsked, ...] = declared(
        LAYER_KIND, (), LAYERS,
        "A look with a matte, and options of its own, as matte=person/:invert,style=b.png. May be repeated: later ones "
        "lie over earlier ones.",
        flags=("--layer",),
    )  # fmt: skip

    guide: tuple[GuideAsked, ...] = declared(
        types.GUIDES, (), PROPAGATION,
        f"A guide for the paint, such as depth, normals or IDs: sequence, movie or still, and its weight "
        f"({GUIDE_WEIGHT:g}). May be repeated.",
    )  # fmt: skip
    on: str = declared(
        types.choice(tuple(types.EVERY)),
        "ones",
        PROPAGATION,
        "Draw every frame, or hold drawings for 2 or 3 frames.",
    )
    boil: float = declared(
        types.SHARE, 0.0, PROPAGATION, "How much drawings waver from one to the next, as if made by hand."
    )

    flow: str = declared(
        types.choice(types.FLOWS),
        "dis",
        MOTION,
        "How motion between frames is estimated; raft needs weights.",
    )
    flow_weights: Path | None = declared(
        types.PATH, None, MOTION, "Weights of RAFT, large or small: .pth or .safetensors."
    )
    vectors: Path | None = declared(
        types.PATH, None, MOTION,
        "Motion vectors of a rendered shot, both ways, as EXR of Blender or Nuke: name.####.exr.",
    )  # fmt: skip
    vectors_back: Path | None = declared(
        types.PATH, None, MOTION, "Motion from each frame to the one before: name.####.flo, or .exr with two channels.",
    )  # fmt: skip
    vectors_forward: Path | None = declared(types.PATH, None, MOTION, "Motion from each frame to the next, likewise.")

    export: tuple[str, ...] = declared(
        types.EXPORT_KINDS, (), EXPORT,
        "What else to hand over, beside the result: timelines (otio, xml for Premiere, fcpxml, edl), scripts "
        "(aftereffects, nuke), a folder for ebsynth, passes, matte, foreground (the look with the matte as its alpha). "
        "May be repeated.",
    )  # fmt: skip
    passes_as: str = declared(
        types.choice(types.PASSES_AS), "multipart", EXPORT,
        "Passes as the parts of one EXR a frame, or each as a sequence of EXR.",
    )  # fmt: skip
    depth: str | None = declared(
        types.DEPTH_SOURCE, None, EXPORT,
        "Depth among the passes: sequence, movie or still, as it is; or auto, by the network for --control depth.",
    )  # fmt: skip
    handles: int = declared(types.NUMBER, 0, EXPORT, "Frames at both ends that timelines and scripts do not show.")
    codec: str | None = declared(
        types.choice(tuple(CODECS)),
        None,
        EXPORT,
        "Codec of a movie; without it h264 for .mp4 and .mov, ffv1 for .mkv.",
    )
    fps: Fraction | None = declared(
        types.RATE, None, EXPORT, "Even rate to conform the result to, whatever the source's is."
    )
    bits: int | None = declared(
        types.BITS, None, EXPORT, "Bits a channel of PNG and TIFF; without it those of the plate."
    )
    working_space: str | None = declared(
        types.choice(WORKING_SPACES),
        None,
        EXPORT,
        "Linear space of EXR, through OpenColorIO; without it rec709.",
    )

    rate: Fraction | None = declared(
        types.RATE, None, READING, "Frames per second of a sequence, as 24, 23.976, 24000/1001."
    )
    start_number: int = declared(types.NUMBER, 1, READING, "Number of a movie's first frame.")
    strict: bool = declared(types.FLAG, False, READING, "Refuse footage that cannot be read whole.")

    project: Path | None = declared(
        types.FOLDER, None, RUN, "Project folder; the default is beside the shot.", stored=False
    )
    offline: bool = declared(
        types.FLAG, False, RUN, "Download no model: one that is not on this disk is an error that says how to get it.",
        stored=False,
    )  # fmt: skip
    overwrite: bool = declared(types.FLAG, False, RUN, "Replace files that are in the way of the output.", stored=False)
    threads: int | None = declared(
        types.COUNT, None, RUN, "Threads to use; the result does not depend on it.", stored=False
    )
    jobs: int = declared(
        types.COUNT, 1, RUN, "Processes that share the spans between keys, and the threads.", stored=False
    )
    from_stage: str | None = declared(types.STAGE, None, RUN, "First stage to run; those before must be done.",
                                     flags=("--from",), stored=False)  # fmt: skip
    to_stage: str | None = declared(types.STAGE, None, RUN, "Last stage to run.", flags=("--to",), stored=False)

    def __post_init__(self) -> None:
        for option in OPTIONS.values():
            object.__setattr__(self, option.name, read(option, getattr(self, option.name)))
        check_shot(self)
        if self.layers:
            check_layers(self)
        else:
            refuse_idle(self)

    def stored(self) -> dict[str, Any]:
        """What a project file keeps: the options that are not at their default, as TOML can write them."""
        return {
            option.name: option.kind.store(getattr(self, option.name))
            for option in OPTIONS.values()
            if option.stored and getattr(self, option.name) != option.default
        }

    def runs(self, stage: str) -> bool:
        """Whether a stage is among those from ``from_stage`` to ``to_stage``."""
        first = types.STAGES.index(self.from_stage) if self.from_stage else 0
        last = types.STAGES.index(self.to_stage) if self.to_stage else len(types.STAGES)
        return first <= types.STAGES.index(stage) <= last


OPTIONS: Mapping[str, Option] = options_of(Settings)


def read_settings(stored: Mapping[str, Any], where: str) -> Settings:
    """Settings from a project file named ``where``. Raises SettingsError naming the file and what is wrong in it."""
    known = [option.name for option in OPTIONS.values() if option.stored]
    for name in stored:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise SettingsError(f"{where}: there is no setting {name!r}, {hint}there are {', '.join(known)}")
    try:
        return Settings(**stored)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error

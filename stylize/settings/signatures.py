"""Options as keyword arguments, with the values that each accepts.

Generated from their declarations by ``python -m stylize.settings.generate``; change those, not this file.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal, TypedDict

from masks.prompts import Box, Point
from stylize.extensions.options import ExtensionOptions
from stylize.settings.compound import GuideSpec, Levels, MatteKey
from stylize.settings.conditions import ControlModelSpec, ControlSpec, WeightsSpec
from stylize.settings.layers import LayerSpec
from stylize.settings.schedules import Schedule

# fmt: off


class LookDict(TypedDict, total=False):
    """Options of one look."""

    style: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
    keys: str | os.PathLike[str] | None
    keyframes: int | str | os.PathLike[str] | Iterable[int | str] | None
    add_key: int | str | Iterable[int | str]
    drop_key: int | str | Iterable[int | str]
    min_gap: int | str
    max_keyframes: int | str | None
    keys_budget: float | str | None
    coverage: float | str
    optimise_for: Literal["mean", "worst"]
    refine: int | str | None
    renderer: str
    renderer_options: Mapping[str, object] | ExtensionOptions | None
    structure: float | str
    palette: float | str
    keep_colours: bool
    tone: float | str
    seed: int | str
    model: str | os.PathLike[str] | None
    model_config: str | os.PathLike[str] | None
    vae: str | os.PathLike[str] | None
    device: Literal["auto", "cuda", "mps", "cpu"]
    dtype: Literal["auto", "float16", "bfloat16", "float32"]
    prompt: str | None
    negative: str | None
    steps: int | str
    cfg: float | str | Schedule
    denoise: float | str | Schedule
    sampler: str | None
    clip_skip: int | str
    render_size: int | str | None
    upscale: float | str | None
    upscale_denoise: float | str | Schedule
    control: str | ControlSpec | Iterable[str | ControlSpec]
    control_model: str | ControlModelSpec | Iterable[str | ControlModelSpec]
    annotators: str | os.PathLike[str] | None
    lora: str | os.PathLike[str] | WeightsSpec | Iterable[str | os.PathLike[str] | WeightsSpec]
    lora_folder: str | os.PathLike[str] | None
    ip_adapter: str | os.PathLike[str] | WeightsSpec | None
    image_encoder: str | os.PathLike[str] | None
    share_attention: float | str
    fuse: float | str
    match_colours: float | str
    url: str
    retries: int | str
    matte: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
    cryptomatte: str | os.PathLike[str] | None
    matte_model: str | os.PathLike[str] | None
    segmenter: str | None
    segmenter_options: Mapping[str, object] | ExtensionOptions | None
    matte_invert: bool
    matte_grow: int | str
    matte_shrink: int | str
    matte_feather: int | str
    guide: str | os.PathLike[str] | GuideSpec | Iterable[str | os.PathLike[str] | GuideSpec]
    on: Literal["auto", "ones", "twos", "threes"]
    boil: float | str


class LayerDict(LookDict, total=False):
    """Options of a layer, and its name."""

    name: str


class SettingsDict(LookDict, total=False):
    """Options of a run; see ``Settings``."""

    start_number: int | str
    strict: bool
    max_megapixels: int | str | None
    tonemap: Literal["bt2390", "mobius", "hable", "reinhard", "clip"] | None
    deinterlace: Literal["auto", "frames", "fields", "film", "off"] | None
    alpha: Literal["straight", "premultiplied"] | None
    exr_layer: str | None
    clip: bool
    exposure: float | str | None
    ocio: str | os.PathLike[str] | None
    input_space: str | None
    view: str | None
    add_cut: int | str | Iterable[int | str]
    drop_cut: int | str | Iterable[int | str]
    output: str | os.PathLike[str] | None
    frames: str | None
    split: bool
    like: str | os.PathLike[str] | None
    preset: str | os.PathLike[str] | None
    candidates: int | str | None
    repaint: int | str | Iterable[int | str]
    keep_others: bool
    flow: str
    flow_options: Mapping[str, object] | ExtensionOptions | None
    flow_weights: str | os.PathLike[str] | None
    vectors: str | os.PathLike[str] | None
    vectors_back: str | os.PathLike[str] | None
    vectors_forward: str | os.PathLike[str] | None
    export: str | Iterable[str]
    export_options: Mapping[str, object] | ExtensionOptions | None
    passes_as: Literal["multipart", "sequences"]
    depth: str | os.PathLike[str] | None
    handles: int | str
    codec: Literal["h264", "h264-10", "h265", "h265-10", "prores-422hq", "prores-4444", "dnxhr-hq", "dnxhr-hqx",
        "dnxhr-444", "ffv1"] | None
    fps: Fraction | int | str | None
    bits: int | str | None
    working_space: Literal["rec709", "acescg", "aces2065-1"] | None
    rate: Fraction | int | str | None
    replace_shot: str | os.PathLike[str] | None
    draft: bool
    scale: Fraction | float | str | None
    project: str | os.PathLike[str] | None
    offline: bool
    overwrite: bool
    verify: bool
    trust: bool
    allow: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    log_json: str | os.PathLike[str] | None
    threads: int | str | None
    jobs: int | str
    from_stage: Literal["conform", "split", "pick", "render", "propagate", "export"] | None
    to_stage: Literal["conform", "split", "pick", "render", "propagate", "export"] | None
    layers: str | LayerSpec | LayerDict | Sequence[str | LayerSpec | LayerDict]


class MatteSettingsDict(TypedDict, total=False):
    """Options of ``stylize matte``; see ``MatteSettings``."""

    start_number: int | str
    strict: bool
    max_megapixels: int | str | None
    tonemap: Literal["bt2390", "mobius", "hable", "reinhard", "clip"] | None
    deinterlace: Literal["auto", "frames", "fields", "film", "off"] | None
    alpha: Literal["straight", "premultiplied"] | None
    exr_layer: str | None
    clip: bool
    exposure: float | str | None
    ocio: str | os.PathLike[str] | None
    input_space: str | None
    view: str | None
    add_cut: int | str | Iterable[int | str]
    drop_cut: int | str | Iterable[int | str]
    key: str | MatteKey | Iterable[str | MatteKey]
    scribble: str | MatteKey | Iterable[str | MatteKey]
    chroma: str | None
    luma: str | Levels | None
    clean: str | os.PathLike[str] | None
    matte_model: str | os.PathLike[str] | None
    segmenter: str | None
    segmenter_options: Mapping[str, object] | ExtensionOptions | None
    find: Literal["person", "subject"] | None
    click: str | Point | Iterable[str | Point]
    exclude: str | Point | Iterable[str | Point]
    box: str | Box | Iterable[str | Box]
    difference: str | Levels
    output: str | os.PathLike[str] | None
    refine: int | str
    foreground: str | os.PathLike[str] | None
    frames: str | None
    project: str | os.PathLike[str] | None
    overwrite: bool
    threads: int | str | None


class LooksSettingsDict(TypedDict, total=False):
    """Options of ``stylize looks``; see ``LooksSettings``."""

    style: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    seed: int | str | Iterable[int | str]
    preset: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    frames: int | str | Iterable[int | str]
    scale: Fraction | float | str | None
    output: str | os.PathLike[str] | None
    overwrite: bool
    renderer: str
    renderer_options: Mapping[str, object] | ExtensionOptions | None
    structure: float | str
    palette: float | str
    keep_colours: bool
    tone: float | str
    model: str | os.PathLike[str] | None
    model_config: str | os.PathLike[str] | None
    vae: str | os.PathLike[str] | None
    device: Literal["auto", "cuda", "mps", "cpu"]
    dtype: Literal["auto", "float16", "bfloat16", "float32"]
    prompt: str | None
    negative: str | None
    steps: int | str
    cfg: float | str | Schedule
    denoise: float | str | Schedule
    sampler: str | None
    clip_skip: int | str
    render_size: int | str | None
    upscale: float | str | None
    upscale_denoise: float | str | Schedule
    control: str | ControlSpec | Iterable[str | ControlSpec]
    control_model: str | ControlModelSpec | Iterable[str | ControlModelSpec]
    annotators: str | os.PathLike[str] | None
    lora: str | os.PathLike[str] | WeightsSpec | Iterable[str | os.PathLike[str] | WeightsSpec]
    lora_folder: str | os.PathLike[str] | None
    ip_adapter: str | os.PathLike[str] | WeightsSpec | None
    image_encoder: str | os.PathLike[str] | None
    url: str
    matte: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
    cryptomatte: str | os.PathLike[str] | None
    matte_model: str | os.PathLike[str] | None
    segmenter: str | None
    segmenter_options: Mapping[str, object] | ExtensionOptions | None
    matte_invert: bool
    matte_grow: int | str
    matte_shrink: int | str
    matte_feather: int | str
    start_number: int | str
    strict: bool
    max_megapixels: int | str | None
    tonemap: Literal["bt2390", "mobius", "hable", "reinhard", "clip"] | None
    deinterlace: Literal["auto", "frames", "fields", "film", "off"] | None
    alpha: Literal["straight", "premultiplied"] | None
    exr_layer: str | None
    clip: bool
    exposure: float | str | None
    ocio: str | os.PathLike[str] | None
    input_space: str | None
    view: str | None
    add_cut: int | str | Iterable[int | str]
    drop_cut: int | str | Iterable[int | str]
    offline: bool
    trust: bool
    allow: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    threads: int | str | None

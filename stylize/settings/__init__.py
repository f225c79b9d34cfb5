"""The settings: options in `options`, their types in `option_types`, invalid combinations in `validation`."""

from stylize.settings.comparison_options import LOOKS_OPTIONS, LooksSettings
from stylize.settings.compound import GUIDE_WEIGHT, SCREENS, GuideSpec, Levels, MatteKey
from stylize.settings.former_names import current_names, former_names, former_names_to
from stylize.settings.layers import LayerSpec
from stylize.settings.matte_options import MATTE_OPTIONS, MatteSettings
from stylize.settings.option import DIFFUSION, EXPORT, GROUPS, MAIN, Option, flag_of
from stylize.settings.option_types import (
    DEPTH_AUTO,
    DEPTH_SOURCE,
    FLAG,
    FRAMES_PER_DRAWING,
    MATTE_MODEL,
    MATTE_SOURCE,
    MODEL,
    STAGES,
    OptionType,
    is_matte_keyword,
)
from stylize.settings.options import OPTIONS, PLAN_OPTIONS, Look, Settings, looks_of, read_settings
from stylize.settings.signatures import LayerDict, LooksSettingsDict, MatteSettingsDict, SettingsDict
from stylize.settings.validation import merge_settings

__all__ = [
    "DEPTH_AUTO",
    "DEPTH_SOURCE",
    "DIFFUSION",
    "EXPORT",
    "FLAG",
    "FRAMES_PER_DRAWING",
    "GROUPS",
    "GUIDE_WEIGHT",
    "LOOKS_OPTIONS",
    "MAIN",
    "MATTE_MODEL",
    "MATTE_OPTIONS",
    "MATTE_SOURCE",
    "MODEL",
    "OPTIONS",
    "PLAN_OPTIONS",
    "SCREENS",
    "STAGES",
    "GuideSpec",
    "LayerDict",
    "LayerSpec",
    "Levels",
    "Look",
    "LooksSettings",
    "LooksSettingsDict",
    "MatteKey",
    "MatteSettings",
    "MatteSettingsDict",
    "Option",
    "OptionType",
    "Settings",
    "SettingsDict",
    "current_names",
    "flag_of",
    "former_names",
    "former_names_to",
    "is_matte_keyword",
    "looks_of",
    "merge_settings",
    "read_settings",
]

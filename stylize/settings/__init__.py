"""What a user can ask for: every option once in `options`, what it may be in `kinds`, bad mixes in `mixes`."""

from stylize.settings.compound import GUIDE_WEIGHT, SCREENS, GuideAsked, Levels, MatteKey
from stylize.settings.former_names import current_names, former_names, former_names_to
from stylize.settings.layers import LayerAsked
from stylize.settings.matte_options import MATTE_OPTIONS, MatteSettings
from stylize.settings.option import DIFFUSION, EXPORT, GROUPS, MAIN, Option, flag_of
from stylize.settings.option_types import (
    DEPTH_AUTO,
    DEPTH_SOURCE,
    EVERY,
    FLAG,
    MATTE_MODEL,
    MATTE_SOURCE,
    MODEL,
    MODEL_RENDERERS,
    STAGES,
    Kind,
    is_matte_word,
)
from stylize.settings.options import OPTIONS, Look, Settings, looks_of, read_settings
from stylize.settings.validation import laid_over

__all__ = [
    "DEPTH_AUTO",
    "DEPTH_SOURCE",
    "DIFFUSION",
    "EVERY",
    "EXPORT",
    "FLAG",
    "GROUPS",
    "GUIDE_WEIGHT",
    "MAIN",
    "MATTE_MODEL",
    "MATTE_OPTIONS",
    "MATTE_SOURCE",
    "MODEL",
    "MODEL_RENDERERS",
    "OPTIONS",
    "SCREENS",
    "STAGES",
    "GuideAsked",
    "Kind",
    "LayerAsked",
    "Levels",
    "Look",
    "MatteKey",
    "MatteSettings",
    "Option",
    "Settings",
    "current_names",
    "flag_of",
    "former_names",
    "former_names_to",
    "is_matte_word",
    "laid_over",
    "looks_of",
    "read_settings",
]

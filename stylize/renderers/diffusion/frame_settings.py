"""Settings of one frame: the values of the schedules of prompts and numbers at that frame."""

from dataclasses import dataclass

from stylize.renderers.diffusion.prompts import Prompt, read_prompt
from stylize.settings import Settings
from stylize.settings.schedules import all_texts, text_at


@dataclass(frozen=True)
class FrameSettings:
    """Settings at ``frame``. prompt, negative: parsed. prompt_text, negative_text: as written.

    cfg, denoise: values of the options; upscale_denoise: denoise of the tiled pass.
    """

    frame: int
    prompt: Prompt
    negative: Prompt
    prompt_text: str
    negative_text: str
    cfg: float
    denoise: float
    upscale_denoise: float


def settings_at(settings: Settings, frame: int) -> FrameSettings:
    """Return the settings at a frame. Raises SettingsError for an invalid prompt."""
    prompt, negative = (text_at(text or "", frame) for text in (settings.prompt, settings.negative))
    return FrameSettings(
        frame, read_prompt(prompt), read_prompt(negative), prompt, negative, settings.cfg.at(frame),
        settings.denoise.at(frame), settings.upscale_denoise.at(frame),
    )  # fmt: skip


def all_prompts(settings: Settings) -> list[Prompt]:
    """Parse every prompt of the schedules, so that all errors are reported before the first key is painted."""
    found = []
    for text in (settings.prompt, settings.negative):
        found += [read_prompt(one) for one in all_texts(text or "")]
    return found

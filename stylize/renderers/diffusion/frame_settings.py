"""What is asked for at one frame: schedules of words and numbers, read there."""

from dataclasses import dataclass

from stylize.renderers.diffusion.prompts import Prompt, read_prompt
from stylize.settings import Settings
from stylize.settings.schedules import all_texts, text_at


@dataclass(frozen=True)
class FrameSettings:
    """What is asked for at ``frame``. prompt, negative: as read. prompt_text, negative_text: as written.

    cfg, denoise: as their options say; upscale_denoise: the latter, of the pass in tiles.
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
    """What is asked for at a frame. Raises SettingsError for a prompt that cannot be read."""
    prompt, negative = (text_at(text or "", frame) for text in (settings.prompt, settings.negative))
    return FrameSettings(
        frame, read_prompt(prompt), read_prompt(negative), prompt, negative, settings.cfg.at(frame),
        settings.denoise.at(frame), settings.upscale_denoise.at(frame),
    )  # fmt: skip


def all_prompts(settings: Settings) -> list[Prompt]:
    """Every prompt of the schedules, read: what is wrong in the last is told before the first is painted."""
    found = []
    for text in (settings.prompt, settings.negative):
        found += [read_prompt(one) for one in all_texts(text or "")]
    return found

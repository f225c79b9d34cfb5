"""Diffusion renderer: paints keyframes with Stable Diffusion 1.5 and XL from the plate, prompts and controls."""

from stylize.renderers.diffusion.renderer import DiffusionRenderer

__all__ = ["DiffusionRenderer"]

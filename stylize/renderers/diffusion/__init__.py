"""The diffusion renderer: paints keyframes with Stable Diffusion 1.5 and XL, from the plate, words and controls."""

from stylize.renderers.diffusion.renderer import DiffusionRenderer

__all__ = ["DiffusionRenderer"]

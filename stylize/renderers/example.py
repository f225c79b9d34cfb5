"""Embedded renderer: paints a keyframe in the style of one reference picture, without model weights.

It places patches of the reference guided by tone, hue and structure, coarse to fine, until they agree with one another.
The result has the reference's own brushwork where the plate looks similar.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from propagate import guidance
from propagate.arrays import F32, Floats, Ints
from propagate.nnf import random_field, upsample_field
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.texture import Job, Level, Texture, exemplar, optimise
from stylize.errors import RendererError
from stylize.renderers.protocol import RenderedKey, RenderRequest

# Min shorter side of the coarsest pyramid level, in pixels.
COARSEST = 40
RADIUS = 3
# Patches vote almost only for their centre: brush marks stay sharp, and seams look like the ends of strokes.
VOTE_SHARPNESS = 50.0
# Weight of the previous key at full confidence, relative to agreement among patches.
AGREEMENT = F32(4)
# Factor on the guides' weights when the previous key is repainted.
REPAINT_GUIDE_WEIGHT = 0.05


@dataclass(frozen=True)
class ExampleSettings:
    """Settings of the embedded renderer.

    structure: 0..1, how strongly the plate's edges override the reference's own. keep_colours: the plate's
    hues instead of the reference's palette.
    """

    structure: float = 0.5
    keep_colours: bool = False


@dataclass(frozen=True)
class _PyramidLevel:
    """Inputs of one pyramid level."""

    style: Floats
    guides: tuple[guidance.Guide, ...]
    warped: Floats | None
    confidence: Floats | None


class ExampleRenderer:
    """Renderer that paints after a reference picture; see the module's docstring."""

    def __init__(self, settings: ExampleSettings) -> None:
        self.settings = settings

    def cache_key(self) -> str:
        """Return a text that covers the settings; see Renderer."""
        return f"example-{self.settings.structure:g}-{self.settings.keep_colours}"

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Paint a key; see Renderer. Raises RendererError when the request has no style."""
        if request.style is None:
            raise RendererError("the example renderer paints after a reference picture; give one with --style PICTURE")
        sizes = self._pyramid(request)
        texture: Texture | None = None
        for number, size in enumerate(sizes):
            coarser_shape = sizes[number - 1].style.shape if number else None
            texture = self._paint(size, texture, coarser_shape, len(sizes) - 1 - number, request.seed)
            on_step(number + 1, len(sizes))
        assert texture is not None
        return RenderedKey(self._colours(texture.colour, request.plate))

    def _pyramid(self, request: RenderRequest) -> list[_PyramidLevel]:
        assert request.style is not None
        style = fit(request.style, request.plate.shape[:2])
        if self.settings.keep_colours:
            style = recolour(style, request.plate, request.seed)
        guides = self._guides(request.plate, style, request.seed)
        smallest = min(*style.shape[:2], *request.plate.shape[:2])
        levels = max(0, int(np.floor(np.log2(max(1, smallest / COARSEST)))))
        return [self._shrink(request, style, guides, 2**level) for level in range(levels, -1, -1)]

    def _guides(self, plate: Floats, style: Floats, seed: int) -> tuple[guidance.Guide, ...]:
        strength = self.settings.structure
        return (
            guidance.tone(plate, style, 2.5, 2.5, 3 * strength),
            guidance.hue(plate, style, 3.0, 0.7, seed),
            guidance.structure(plate, style, 1.5, 2.5 * strength),
        )

    def _shrink(
        self, request: RenderRequest, style: Floats, guides: tuple[guidance.Guide, ...], by: int
    ) -> _PyramidLevel:
        return _PyramidLevel(
            shrink(style, by),
            tuple(replace(g, source=shrink(g.source, by), target=shrink(g.target, by)) for g in guides),
            None if request.warped is None else shrink(request.warped, by),
            None if request.confidence is None else shrink(request.confidence, by),
        )

    def _paint(
        self,
        size: _PyramidLevel,
        coarser: Texture | None,
        coarser_shape: tuple[int, ...] | None,
        finer_levels: int,
        seed: int,
    ) -> Texture:
        height, width = size.guides[0].target.shape[:2]
        high, wide = size.style.shape[:2]
        if coarser is None or coarser_shape is None:
            start = self._initial_field(size, random_field(height, width, (high, wide), seed), seed)
        else:
            start = upsample_field(coarser.field, height, width, (high, wide), (coarser_shape[0], coarser_shape[1]))
        colour = size.style[start[..., 1], start[..., 0]]
        if size.warped is not None and size.confidence is not None:
            share = size.confidence[..., None]
            colour = (share * size.warped + (1 - share) * colour).astype(F32)
        level = Level(
            rounds=4 if finer_levels else 3, sweeps=3, search_radius=24, uniformity=0.004, vote_sharpness=VOTE_SHARPNESS
        )
        texture = optimise(_job(size, 1.0, seed), colour, start, level)
        return texture if finer_levels else self._repaint_previous_key(size, texture, seed)

    def _repaint_previous_key(self, size: _PyramidLevel, texture: Texture, seed: int) -> Texture:
        """Reproduce the previous key where there is confidence in it.

        It is repainted with the reference patches most similar to it. Warped from key to key to key, it would lose
        sharpness.
        """
        if size.warped is None or size.confidence is None:
            return texture
        share = size.confidence[..., None]
        target = (share * size.warped + (1 - share) * texture.colour).astype(F32)
        repainted = replace(
            size, guides=tuple(replace(g, weight=REPAINT_GUIDE_WEIGHT * g.weight) for g in size.guides), warped=None
        )
        job = replace(_job(repainted, 1.0, seed), mask=size.confidence > 0)
        return optimise(
            job, target, texture.field, Level(rounds=1, sweeps=6, search_radius=64, vote_sharpness=VOTE_SHARPNESS)
        )

    def _initial_field(self, size: _PyramidLevel, start: Ints, seed: int) -> Ints:
        """Return an initial field from the guides alone: there is no picture yet for patches to agree with."""
        alone = Level(rounds=1, sweeps=8, search_radius=max(size.style.shape[:2]), uniformity=0.02)
        blank = np.zeros((*start.shape[:2], 3), F32)
        return optimise(_job(size, 0.0, seed), blank, start, alone).field

    def _colours(self, colour: Floats, plate: Floats) -> Floats:
        return np.clip(colour, 0, 1).astype(F32)


def _job(size: _PyramidLevel, style_weight: float, seed: int) -> Job:
    everywhere = np.ones(size.guides[0].target.shape[:2], bool)
    example = exemplar(size.style, [(g.source, g.weight) for g in size.guides], style_weight, RADIUS)
    target_colour = None
    if size.warped is not None and size.confidence is not None:
        target_colour = (size.warped, AGREEMENT * size.confidence)
    canvas = example.canvas([g.target for g in size.guides])
    return Job(
        PatchMatchNumba(RADIUS, example.channels), example, canvas, everywhere, target_colour=target_colour, seed=seed
    )


def fit(style: Floats, size: tuple[int, ...]) -> Floats:
    """Return the reference, scaled down if larger than the plate, never up: brush marks keep their size."""
    by = max(size) / max(style.shape[:2])
    if by >= 1:
        return style
    wide, high = (max(8, round(side * by)) for side in (style.shape[1], style.shape[0]))
    return np.asarray(cv2.resize(style, (wide, high), interpolation=cv2.INTER_AREA), F32)


def shrink(picture: Floats, by: int) -> Floats:
    """Return ``picture`` scaled to 1 / ``by`` of its size."""
    if by == 1:
        return picture
    wide, high = max(1, round(picture.shape[1] / by)), max(1, round(picture.shape[0] / by))
    return np.asarray(cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA), F32)


def recolour(style: Floats, plate: Floats, seed: int) -> Floats:
    """Transfer the plate's colours to the reference; its lightness, and so its brushwork, is kept."""
    theirs, ours = guidance.to_lab(style), guidance.to_lab(plate)
    moved = guidance.transport_colours(theirs, ours, seed)
    moved[..., 0] = theirs[..., 0]
    return guidance.from_lab(moved)

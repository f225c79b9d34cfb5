"""Embedded renderer: paints a keyframe in the style of reference pictures, without model weights.

The plate's colours move to the nearest that the reference has. Patches of the reference that match these colours and
the plate's tones and edges are placed coarse to fine, until they agree with one another. Their colours are then
corrected where they are still wrong, and their brush marks stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np

from propagate.arrays import F32, Bools, Floats, Ints
from propagate.attention import attention, face_map
from propagate.guidance import LOCAL_SIGMA, Guide, chroma, structure, tone
from propagate.nnf import gather, random_field, upsample_field
from propagate.palette import ColourMap, from_lab, match_lightness, nearest_colours, palette_of, to_lab
from propagate.patchmatch_numba import PatchMatchNumba
from propagate.reference_sheet import (
    Paint,
    Sheet,
    arrange,
    fill_transparent,
    move_to_usable,
    sample_pixels,
    shrink_usable,
)
from propagate.repaint_colours import Paints, broad_colours, repaint_colours
from propagate.texture import Job, Level, Texture, exemplar, optimise
from stylize.errors import RendererError
from stylize.renderers.key_progress import KeyProgress
from stylize.renderers.protocol import RenderedKey, RendererSetup, RenderRequest

# Min shorter side of the coarsest pyramid level, in pixels.
COARSEST = 40
RADIUS = 3
# Shorter side in pixels that a long strip is not scaled down below, and its max area relative to the plate's.
_MIN_SHORT_SIDE, _MAX_AREA = 64, 4.0
# Shorter side in pixels from which a reference has brush marks. Smaller ones give only their colours.
MIN_MARKS = 16
# Max radius of a search, which is stored in 16 bits.
_MAX_SEARCH_RADIUS = 32767
# Patches vote almost only for their centre: brush marks stay sharp, and seams look like the ends of strokes.
VOTE_SHARPNESS = 50.0
# Weight of the previous key at full confidence, relative to agreement among patches.
AGREEMENT = F32(4)
# Share of the previous key in the finished one at full confidence.
_BLEND = F32(0.4)
# Factor on the guides' weights when the previous key is repainted.
REPAINT_GUIDE_WEIGHT = 0.05


# Softness and popularity (see ``nearest_colours``) of the colours that a key should have, and of the paints that its
# colours are finished with.
_SOFTNESS, _POPULARITY = 7.0, 0.5
_PAINT_SOFTNESS, _PAINT_POPULARITY, _PAINT_SHARE = 4.0, 0.1, 0.4
# Dial of the palette at which each colour takes the nearest of the reference.
NEAREST = 0.5
# Share of the palette's own lightness: a dark orange may become the reference's lighter orange, but not all the way.
_LIGHTNESS_SHARE = 0.7
# Range of the references' lightness that it needs; with less, as of one flat colour, the plate would vanish.
_LIGHTNESS_RANGE = 30.0
# Share of the fine variation of the plate's chroma.
_FINE_CHROMA = 0.5
# Work that does not depend on the size of the plate, mostly of the palettes, as a number of pixels. Fitted to the CPU
# time of the first three keys of a shot from 160x90 to 960x540; the first takes more than the others.
_FIXED_WORK = 20_000
# Work of a sweep and of the last corrections of the colours, for each pixel, as a share of that of a key. Approximate,
# as it only serves the report of progress.
_SWEEP_WORK, _FINISH_WORK = 0.03, 0.1
# Difference in CIELAB below which the plate varies by noise, and the sigma in pixels of the filter that removes it.
_NOISE, _NOISE_SIGMA = 8.0, 3.0


# Search for the initial field, at the coarser levels, at the finest level, and where the previous key is repainted.
_FIRST = Level(rounds=1, sweeps=8, uniformity=0.02, smoothing=2)
_FINER = Level(
    rounds=4, sweeps=3, search_radius=24, uniformity=0.004, vote_sharpness=VOTE_SHARPNESS, smoothing=2
)  # fmt: skip
_FINEST = replace(_FINER, rounds=3)
_REPAINTED = Level(rounds=1, sweeps=6, search_radius=64, vote_sharpness=VOTE_SHARPNESS, smoothing=2)


@dataclass(frozen=True)
class ExampleSettings:
    """Settings of the embedded renderer.

    structure: 0..1, how strongly the plate's edges override the reference's own. palette: 0..1; 0 keeps the plate's
    colours, 0.5 takes the nearest that the reference has, 1 the reference's colours in their own proportions. tone:
    0..1; 0 keeps the plate's tones, 1 takes the reference's.
    """

    structure: float = 0.5
    palette: float = NEAREST
    tone: float = 0.0


@dataclass(frozen=True)
class _PyramidLevel:
    """Inputs of one pyramid level."""

    style: Floats
    usable: Bools | None
    guides: tuple[Guide, ...]
    warped: Floats | None
    confidence: Floats | None


class ExampleRenderer:
    """Renderer that paints in the style of reference pictures; see the module's docstring."""

    def __init__(self, settings: ExampleSettings) -> None:
        self.settings = settings

    def cache_key(self) -> str:
        """Return a text that covers the settings; see Renderer."""
        return f"example-{self.settings.structure:g}-{self.settings.palette:g}-{self.settings.tone:g}"

    def key_inputs(self, frame: int, *, follows: bool) -> dict[str, object]:
        """Return the settings, which are the same for all frames; see DescribesKeys."""
        return asdict(self.settings)

    def environment(self) -> dict[str, str]:
        """Return nothing, because pictures do not depend on a device; see DescribesKeys."""
        return {}

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Paint a key; see Renderer. Raises RendererError when the request has no style."""
        references = request.references or (() if request.style is None else (request.style,))
        if not references:
            raise RendererError("the example renderer needs a reference picture; give one with --style PICTURE")
        paints = [to_paint(picture, request.plate.shape[:2], request.scale) for picture in references]
        pixels = request.plate.shape[0] * request.plate.shape[1]
        colours = self._wanted_colours(request, paints)
        marked = [one for one in paints if _has_marks(one)]
        if not marked:
            on_step(1, 1)
            return RenderedKey(from_lab(colours.wanted))
        # The largest picture sets the pyramid: a small one must not take the coarse levels from the others.
        smallest = min(*request.plate.shape[:2], max(min(one.picture.shape[:2]) for one in marked))
        levels = max(0, int(np.floor(np.log2(max(1, smallest / COARSEST)))))
        sheet = arrange(marked, RADIUS, 2**levels)
        sizes = self._pyramid(request, sheet, colours.wanted, levels)
        sweeps = sum(_SWEEP_WORK * _pixels(size) * _sweeps(sizes, number) for number, size in enumerate(sizes))
        progress = KeyProgress(on_step, _FIXED_WORK + _FINISH_WORK * pixels + sweeps)
        progress.add(_FIXED_WORK)
        texture: Texture | None = None
        for number, size in enumerate(sizes):
            coarser_shape = sizes[number - 1].style.shape if number else None
            sweep = partial(progress.add, _SWEEP_WORK * _pixels(size))
            texture = self._paint(size, texture, coarser_shape, len(sizes) - 1 - number, request.seed, sweep)
        assert texture is not None
        finished = self._finish(texture, request, colours, sheet)
        progress.finish()
        return RenderedKey(finished, full_work=_full_work(request.plate, request.scale))

    def _wanted_colours(self, request: RenderRequest, references: list[Paint]) -> "_Colours":
        """Return the colours that the key should have, and the map to those of the references."""
        plate, labs = to_lab(request.plate), [to_lab(one.picture) for one in references]
        shot = plate if request.shot is None else to_lab(request.shot[None])
        samples = sample_pixels(labs, references)
        plate[..., 0] = match_lightness(plate[..., 0], shot[..., 0], samples[..., 0], self.settings.tone)
        # Without brush marks, the pixels themselves are the palette.
        calm = [
            _blur(lab, request.scale) if _has_marks(one) else lab for lab, one in zip(labs, references, strict=True)
        ]
        palette = palette_of(sample_pixels(calm, references))
        balance = max(0.0, self.settings.palette / NEAREST - 1)
        used_by = palette_of(shot) if balance else None
        nearest = nearest_colours(palette, _SOFTNESS, _POPULARITY, used_by, balance)
        paints = nearest_colours(palette, _PAINT_SOFTNESS, _PAINT_POPULARITY)
        followed = F32(min(1.0, self.settings.palette / NEAREST))
        # Mapped without the noise of the plate, which would scatter over the palette.
        sigma = _NOISE_SIGMA * request.scale
        simple = cv2.bilateralFilter(cv2.bilateralFilter(plate, -1, _NOISE, sigma), -1, _NOISE, sigma)
        shift = followed * (nearest.apply(simple) - simple)
        wanted = plate + shift
        darkest, lightest = np.quantile(samples[..., 0], [0.05, 0.95])
        lightness = F32(_LIGHTNESS_SHARE * min(1.0, (lightest - darkest) / _LIGHTNESS_RANGE))
        wanted[..., 0] = plate[..., 0] + lightness * shift[..., 0]
        wanted[..., 1:] -= followed * F32(1 - _FINE_CHROMA) * (plate - simple)[..., 1:]
        return _Colours(wanted, paints, float(_PAINT_SHARE * followed))

    def _pyramid(self, request: RenderRequest, sheet: Sheet, wanted: Floats, levels: int) -> list[_PyramidLevel]:
        each = [self._guides(request, one.picture, wanted) for one in sheet.paints]
        guides = tuple(
            replace(some[0], source=sheet.place([g.source for g in some])) for some in zip(*each, strict=True)
        )
        style = sheet.place([one.picture for one in sheet.paints])
        return [self._shrink(request, style, sheet.usable, guides, 2**level) for level in range(levels, -1, -1)]

    def _guides(self, request: RenderRequest, style: Floats, wanted: Floats) -> tuple[Guide, ...]:
        """Return the guides from one reference. Edges are relative to the reference's own, so faint pencil works like
        bold ink."""
        strength, scale = self.settings.structure, request.scale
        reference = to_lab(style)
        return (
            tone(wanted[..., 0], reference[..., 0], 2.5 * scale, 2.5, 2.4 * strength, LOCAL_SIGMA * scale),
            chroma(wanted, reference, 3.0 * scale, 2.0),
            structure(request.plate, style, 1.5 * scale, 6 * strength),
        )

    def _shrink(
        self, request: RenderRequest, style: Floats, usable: Bools | None, guides: tuple[Guide, ...], by: int
    ) -> _PyramidLevel:
        return _PyramidLevel(
            shrink(style, by),
            None if usable is None else shrink_usable(usable, by),
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
        on_sweep: Callable[[], None],
    ) -> Texture:
        height, width = size.guides[0].target.shape[:2]
        high, wide = size.style.shape[:2]
        if coarser is None or coarser_shape is None:
            start = self._initial_field(size, random_field(height, width, (high, wide), seed), seed, on_sweep)
        else:
            start = upsample_field(coarser.field, height, width, (high, wide), (coarser_shape[0], coarser_shape[1]))
            start = start if size.usable is None else move_to_usable(start, size.usable)
        colour = size.style[start[..., 1], start[..., 0]]
        if size.warped is not None and size.confidence is not None:
            share = size.confidence[..., None]
            colour = (share * size.warped + (1 - share) * colour).astype(F32)
        level = _FINER if finer_levels else _FINEST
        texture = optimise(_job(size, 1.0, seed), colour, start, level, on_sweep=on_sweep)
        return texture if finer_levels else self._repaint_previous_key(size, texture, seed, on_sweep)

    def _repaint_previous_key(
        self, size: _PyramidLevel, texture: Texture, seed: int, on_sweep: Callable[[], None]
    ) -> Texture:  # fmt: skip
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
        return optimise(job, target, texture.field, _REPAINTED, on_sweep=on_sweep)

    def _initial_field(
        self, size: _PyramidLevel, start: Ints, seed: int, on_sweep: Callable[[], None]
    ) -> Ints:  # fmt: skip
        """Return an initial field from the guides alone: there is no picture yet for patches to agree with."""
        radius = min(_MAX_SEARCH_RADIUS, max(size.style.shape[:2]))
        alone = replace(_FIRST, search_radius=radius)
        start = start if size.usable is None else move_to_usable(start, size.usable)
        blank = np.zeros((*start.shape[:2], 3), F32)
        return optimise(_job(size, 0.0, seed), blank, start, alone, on_sweep=on_sweep).field

    def _finish(self, texture: Texture, request: RenderRequest, colours: "_Colours", sheet: Sheet) -> Floats:
        faces = face_map(np.rint(request.plate * 255).astype(np.uint8), request.scale)
        looked_at = attention(colours.wanted[..., 0], faces, request.scale)
        painted, references = to_lab(np.clip(texture.colour, 0, 1)), [to_lab(one.picture) for one in sheet.paints]
        broad = sheet.place([broad_colours(reference, request.scale) for reference in references])
        paints = Paints(sheet.place(references), broad, colours.paints, colours.share, sheet.usable)
        under = gather(broad, texture.field)
        finished = from_lab(repaint_colours(painted, under, colours.wanted, looked_at, paints, request.scale))
        if request.warped is None or request.confidence is None:
            return finished
        share = _BLEND * request.confidence[..., None]
        return np.asarray(finished + share * (request.warped - finished), F32)


@dataclass(frozen=True)
class _Colours:
    """Colours of a key. wanted: float32 (H, W, 3), CIELAB. paints, share: see ``Paints``."""

    wanted: Floats
    paints: ColourMap
    share: float


def open_example(setup: RendererSetup[Any]) -> ExampleRenderer:
    """Return the embedded renderer with the settings of a look."""
    settings = setup.settings
    return ExampleRenderer(
        ExampleSettings(settings.structure, 0.0 if settings.keep_colours else settings.palette, settings.tone)
    )


def _job(size: _PyramidLevel, style_weight: float, seed: int) -> Job:
    everywhere = np.ones(size.guides[0].target.shape[:2], bool)
    example = exemplar(size.style, [(g.source, g.weight) for g in size.guides], style_weight, RADIUS)
    target_colour = None
    if size.warped is not None and size.confidence is not None:
        target_colour = (size.warped, AGREEMENT * size.confidence)
    canvas = example.canvas([g.target for g in size.guides])
    return Job(
        PatchMatchNumba(RADIUS, example.channels), example, canvas, everywhere, target_colour=target_colour, seed=seed,
        usable=size.usable,
    )  # fmt: skip


def to_paint(reference: Floats, size: tuple[int, ...], scale: float = 1.0) -> Paint:
    """Return a reference, float32 (H, W, 3), or (H, W, 4) with straight alpha, fitted to a plate of ``size``.

    Transparent pixels take the nearest opaque colour, and are not opaque in the result. Pixels are opaque from half of
    the largest alpha on, which must be above 0: a thin wash is paint too. scale: see ``fit``.
    """
    if reference.shape[2] == 3 or (reference[..., 3] == 1).all():
        return Paint(fit(np.ascontiguousarray(reference[..., :3]), size, scale))
    # Premultiplied, so that the colour of transparent pixels does not mix in.
    premultiplied = np.concatenate([reference[..., :3] * reference[..., 3:], reference[..., 3:]], axis=2)
    fitted = fit(premultiplied, size, scale)
    alpha = fitted[..., 3]
    opaque = alpha >= alpha.max() / 2
    picture = np.clip(fitted[..., :3] / np.maximum(alpha, F32(1e-6))[..., None], 0, 1)
    return Paint(fill_transparent(picture.astype(F32), opaque), None if opaque.all() else opaque)


def fit(style: Floats, size: tuple[int, ...], scale: float = 1.0) -> Floats:
    """Return the reference, scaled down if larger than the plate, never up: brush marks keep their size.

    A long strip keeps more of its width, since a few pixels hold no brush mark. style: float32 (H, W, C). size: (H, W)
    of the plate. scale: size of the plate over that of the shot. In a draft, below 1, brush marks keep their size
    relative to the picture.
    """
    shorter, longer = sorted(style.shape[:2])
    strip = min(shorter, _MIN_SHORT_SIDE * scale, *size) / shorter
    by = max(max(size) / longer, min(strip, float(np.sqrt(_MAX_AREA * size[0] * size[1] / (shorter * longer)))))
    by = min(by, scale)
    if by >= 1:
        return style
    wide, high = (max(8, round(side * by)) for side in (style.shape[1], style.shape[0]))
    return np.asarray(cv2.resize(style, (wide, high), interpolation=cv2.INTER_AREA), F32)


def _full_work(plate: Floats, scale: float) -> float:
    """Return the work of a key at the size of the shot over that at the size of its plate."""
    pixels = plate.shape[0] * plate.shape[1]
    return (_FIXED_WORK + pixels / scale**2) / (_FIXED_WORK + pixels)


def _sweeps(sizes: Sequence[_PyramidLevel], number: int) -> int:
    """Return the number of sweeps at a level, from 0 for the coarsest."""
    sweeps = _FIRST.all_sweeps if number == 0 else 0
    if number < len(sizes) - 1:
        return sweeps + _FINER.all_sweeps
    repaints = sizes[number].warped is not None and sizes[number].confidence is not None
    return sweeps + _FINEST.all_sweeps + (_REPAINTED.all_sweeps if repaints else 0)


def _pixels(size: _PyramidLevel) -> int:
    height, width = size.guides[0].target.shape[:2]
    return height * width


def shrink(picture: Floats, by: int) -> Floats:
    """Return ``picture`` scaled to 1 / ``by`` of its size."""
    if by == 1:
        return picture
    wide, high = max(1, round(picture.shape[1] / by)), max(1, round(picture.shape[0] / by))
    return np.asarray(cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA), F32)


def _has_marks(paint: Paint) -> bool:
    return min(paint.picture.shape[:2]) >= MIN_MARKS


def _blur(picture: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), F32)

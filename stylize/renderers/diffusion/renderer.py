"""Diffusion renderer: one key at a time, from a request to a picture.

The models' safety checker, which blackens pictures, is not loaded.
"""

import json
from functools import cached_property, partial
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import numpy as np

from masks.extent import extent
from propagate.arrays import F32, Floats
from stylize.context.model_store import ModelStore
from stylize.renderers.diffusion import enlarging, failure, loading
from stylize.renderers.diffusion.colours import match_colours
from stylize.renderers.diffusion.enlarging import UpscalePlan
from stylize.renderers.diffusion.frame_settings import settings_at
from stylize.renderers.diffusion.key_inputs import frame_inputs
from stylize.renderers.diffusion.memory import RELEASED, free, is_full
from stylize.renderers.diffusion.painting import OnStep, Painted, Painter
from stylize.renderers.diffusion.parts import Parts
from stylize.renderers.diffusion.provenance import Provenance, differences, texts
from stylize.renderers.diffusion.sizes import Working, crop_resize, full_work, paste_back, plan_size
from stylize.renderers.protocol import DownloadPermission, RenderedKey, RenderRequest
from stylize.settings import DIFFUSION, OPTIONS, Settings

LIBRARIES = ("torch", "diffusers", "transformers")


class DiffusionRenderer:
    """Renderer that runs diffusion models locally. parts: the models. painter: runs them."""

    def __init__(
        self, settings: Settings, permission: DownloadPermission | None = None, models: ModelStore | None = None
    ) -> None:
        """Locate the models without loading them. Raises RendererError when one is missing or of another kind.

        permission: permission to download missing models, with its callbacks; without it nothing is downloaded.
        models: models that the renderers of a run share.
        """
        self.settings = settings
        self.parts = Parts(settings, permission, models)
        self.painter = Painter(settings, self.parts)

    def cache_key(self) -> str:
        """Return a hash of the settings, the models' files, the device and the precision; see Renderer."""
        inputs = [self._requested(), self.parts.contents, self.parts.device]
        return f"diffusion-{blake2b(json.dumps(inputs, sort_keys=True).encode(), digest_size=16).hexdigest()}"

    def key_inputs(self, frame: int, *, follows: bool) -> dict[str, Any]:
        """Return the settings at a frame, and the contents of the models that it needs; see DescribesKeys."""
        return frame_inputs(self.settings, self.parts, self.parts.contents_of, frame, follows=follows)

    def environment(self) -> dict[str, str]:
        """Return device and precision; see DescribesKeys."""
        device, precision = self.parts.device
        return {"device": device, "precision": precision}

    def render(self, request: RenderRequest, on_step: OnStep) -> RenderedKey:
        """Paint a key; see Renderer. Raises RendererError when a model cannot be loaded or returns no picture."""
        box = None if request.matte is None else extent(request.matte).box
        if request.matte is not None and box is None:
            return RenderedKey(request.plate)  # nothing to stylise
        height, width = request.plate.shape[:2]
        family = self.parts.model.family
        working = plan_size((width, height), family, self.settings.render_size, box, scale=request.scale)
        enlarging.refuse_needless_upscale(request, working, self.settings.upscale, family)
        notes: list[str] = []
        loaded_before = self.parts.store.seconds
        with loading.readable_errors(
            f"keyframe {request.frame} could not be painted", "try a smaller --render-size or another model"
        ):
            (painted, control_pictures), working = self._paint_within_memory(request, working, on_step, notes)
        plan = self._plan(working)
        if plan is None and self.settings.upscale is not None and request.scale < 1:
            notes.append("--upscale skipped: the working size of a draft is not below the size of its plates")
        work = full_work(working, family, self.settings.render_size, request.scale, boxed=box is not None)
        picture = self._compose(request, paste_back(painted, request.plate, working if plan is None else plan.target))
        made = self._provenance(request, working, plan, notes)
        if plan is not None:
            notes.append(plan.cost(self.settings.steps, settings_at(self.settings, request.frame)))
        reported = (*self._differences, *(f"keyframe {request.frame}: {note}" for note in notes))
        finished = np.ascontiguousarray(np.clip(picture, 0, 1), F32)
        spent = self.parts.store.seconds - loaded_before
        return RenderedKey(finished, texts(made), control_pictures, reported, work, spent)

    def _compose(self, request: RenderRequest, picture: Floats) -> Floats:
        """Match the painting, (H, W, 3), to the previous key's colours; restore the plate outside the matte."""
        inside = 1.0 if request.matte is None else (request.matte > 0).astype(F32)
        if request.warped is not None and request.confidence is not None:
            common = (request.confidence * inside).astype(F32)
            picture = match_colours(picture, request.warped, common, self.settings.match_colours)
        return picture if request.matte is None else np.where(request.matte[..., None] > 0, picture, request.plate)

    def _paint_within_memory(
        self, request: RenderRequest, working: Working, on_step: OnStep, notes: list[str]
    ) -> tuple[Painted, Working]:
        """Return the painting and its working size, applying memory savings when memory is full."""
        parts, ladder = self.parts, None
        while True:
            try:
                paint = partial(self._paint_part, request, working, on_step)
                painted = failure.finite(paint, request.plate, request.frame, parts, notes)
                notes += parts.loaded.pending_notes
                parts.loaded.pending_notes.clear()
                return painted, working
            except (RuntimeError, MemoryError) as error:
                if not is_full(error):
                    raise
                # The traceback keeps references to the memory of the failed attempt.
                reason = error.with_traceback(None)
            self.painter.activation_cache.clear()
            parts.store.results.clear()
            if parts.release_others():
                notes.append(f"memory was exhausted, so {RELEASED}")
                continue
            free()
            ladder = ladder or parts.memory_savings.steps(parts.base, working, parts.offload_to)
            step = next(ladder, None)
            if step is None:
                raise RuntimeError("memory is full, and no more can be freed") from reason
            notes.append(f"memory was exhausted, so {step[0]}")
            working = step[1]

    def _paint_part(self, request: RenderRequest, working: Working, on_step: OnStep) -> Painted:
        """Return the painted part, repainted in tiles at the larger size with --upscale, and its control pictures."""
        plan = self._plan(working)
        # With --upscale, the repainting in tiles is the second half.
        halves = 1 if plan is None else 2
        painted, control_pictures = self.painter.paint(
            request, working, lambda done, total: on_step(done, halves * total)
        )
        # A failed picture is returned unchanged, for the caller to report.
        if plan is None or failure.describe(painted, request.plate) is not None:
            return painted, control_pictures
        start = crop_resize(paste_back(painted, request.plate, working), plan.target)
        return enlarging.repaint_in_tiles(
            self.painter, request, start, control_pictures, plan, lambda done, total: on_step(total + done, 2 * total)
        ), control_pictures

    def _plan(self, working: Working) -> UpscalePlan | None:
        return enlarging.plan_upscale(working, self.settings.upscale, self.parts.model.family)

    def _requested(self) -> dict[str, Any]:
        """Return the settings of this renderer, by option, in stored form."""
        options = [option for option in OPTIONS.values() if option.group == DIFFUSION and option.stored]
        values = {option.name: getattr(self.settings, option.name) for option in options}
        return {o.name: None if values[o.name] is None else o.store(values[o.name]) for o in options}

    def _provenance(
        self, request: RenderRequest, working: Working, plan: UpscalePlan | None, notes: list[str]
    ) -> Provenance:
        frame_settings, settings, parts = settings_at(self.settings, request.frame), self.settings, self.parts
        controls = tuple(
            {
                "kind": control.kind, "model": control.folder.name, "weight": control.strength.weight.at(request.frame),
                "start": control.strength.start, "end": control.strength.end,
            }
            for control in parts.active_controls(request.frame)
        )  # fmt: skip
        scheduler = settings.sampler or type(parts.base.scheduler).__name__.removesuffix("Scheduler")
        return Provenance(
            self._stored, request.frame, request.seed, frame_settings.prompt_text, frame_settings.negative_text,
            settings.steps, scheduler, frame_settings.cfg, frame_settings.denoise, settings.clip_skip,
            working.size, parts.model.path.stem, parts.hash, *parts.device, controls,
            tuple(dict.fromkeys((*parts.memory_savings.taken, *notes))), _versions(),
            None if plan is None else plan.facts(frame_settings),
        )  # fmt: skip

    @cached_property
    def _stored(self) -> dict[str, Any]:
        """Stored settings with absolute paths, which reproduce the keys from any folder."""
        return {name: OPTIONS[name].resolve(value) for name, value in self.settings.stored().items()}

    @cached_property
    def _differences(self) -> tuple[str, ...]:
        """Changes since the key that is reproduced was painted, as lines of text."""
        if self.settings.like is None:
            return ()
        device, precision = self.parts.device
        now = {"model_hash": self.parts.hash, "device": device, "precision": precision}
        return tuple(differences(self.settings.like, now | {"versions": _versions()}))


def _versions() -> dict[str, str]:
    return {name: version(name) for name in (*LIBRARIES, "stylize")}

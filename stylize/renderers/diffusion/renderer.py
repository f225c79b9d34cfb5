"""The diffusion renderer: one key at a time, from a request to a picture.

The models' own checker, which blackens pictures it dislikes, is not loaded.
"""

import json
from functools import cached_property, partial
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import numpy as np

from masks.extent import extent
from propagate.arrays import F32, Floats
from stylize.renderers.diffusion import enlarging, failure, loading
from stylize.renderers.diffusion.colours import match_colours
from stylize.renderers.diffusion.enlarging import Enlarging
from stylize.renderers.diffusion.frame_settings import moment_at
from stylize.renderers.diffusion.memory import free, is_full
from stylize.renderers.diffusion.models import contents
from stylize.renderers.diffusion.painting import OnStep, Painted, Painter
from stylize.renderers.diffusion.parts import Parts
from stylize.renderers.diffusion.provenance import Provenance, texts, unlike
from stylize.renderers.diffusion.sizes import Working, enter, leave, plan_size
from stylize.renderers.protocol import Fetching, Rendered, RenderRequest
from stylize.settings import DIFFUSION, OPTIONS, Settings

LIBRARIES = ("torch", "diffusers", "transformers")


class DiffusionRenderer:
    """See the module's text. A Renderer. parts: the models. painter: what runs them."""

    def __init__(self, settings: Settings, fetching: Fetching | None = None) -> None:
        """Finds the models and loads nothing. Raises RendererError when one is missing or of another kind.

        fetching: leave to download what is missing, and who is told; without it nothing is downloaded.
        """
        self.settings = settings
        self.parts = Parts(settings, fetching)
        self.painter = Painter(settings, self.parts)

    def cache_key(self) -> str:
        """See Renderer: settings, the models' files, and the device with its precision."""
        told = [self._asked(), [contents(path) for path in self.parts.paths], self.parts.device]
        return f"diffusion-{blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()}"

    def render(self, request: RenderRequest, on_step: OnStep) -> Rendered:
        """See Renderer. Raises RendererError when a model cannot be loaded or makes no picture."""
        box = None if request.matte is None else extent(request.matte).box
        if request.matte is not None and box is None:
            return Rendered(request.plate)  # nothing of it is stylised
        height, width = request.plate.shape[:2]
        family = self.parts.model.family
        working = plan_size((width, height), family, self.settings.render_size, box)
        enlarging.refuse_idle(request, working, self.settings.upscale, family)
        notes: list[str] = []
        with loading.readable_errors(
            f"keyframe {request.frame} could not be painted", "try a smaller --render-size or another model"
        ):
            (painted, seen), working = self._within_memory(request, working, on_step, notes)
        plan = self._plan(working)
        picture = self._composed(request, leave(painted, request.plate, working if plan is None else plan.target))
        made = self._provenance(request, working, plan, notes)
        if plan is not None:
            notes.append(plan.cost(self.settings.steps, moment_at(self.settings, request.frame)))
        reported = (*self._unlike, *(f"keyframe {request.frame}: {note}" for note in notes))
        return Rendered(np.ascontiguousarray(np.clip(picture, 0, 1), F32), texts(made), seen, reported)

    def _composed(self, request: RenderRequest, picture: Floats) -> Floats:
        """The painted plate, (H, W, 3), in the colours of the earlier key; the plate itself outside of the matte."""
        inside = 1.0 if request.matte is None else (request.matte > 0).astype(F32)
        if request.carried is not None and request.trusted is not None:
            common = (request.trusted * inside).astype(F32)
            picture = match_colours(picture, request.carried, common, self.settings.match_colours)
        return picture if request.matte is None else np.where(request.matte[..., None] > 0, picture, request.plate)

    def _within_memory(
        self, request: RenderRequest, working: Working, on_step: OnStep, notes: list[str]
    ) -> tuple[Painted, Working]:
        """What is painted, and how it was worked; steps down when memory is full."""
        parts, ladder = self.parts, None
        while True:
            try:
                paint = partial(self._whole, request, working, on_step)
                painted = failure.finite(paint, request.plate, request.frame, parts, notes)
                notes += parts.late
                parts.late.clear()
                return painted, working
            except (RuntimeError, MemoryError) as error:
                if not is_full(error):
                    raise
                # What the failed try held is released only when its error is forgotten.
                reason = error.with_traceback(None)
            self.painter.recall.forget()
            free(parts.base)
            ladder = ladder or parts.economy.steps(parts.base, working, parts.offload_to)
            step = next(ladder, None)
            if step is None:
                raise RuntimeError("memory is full, and nothing is left to save") from reason
            notes.append(f"memory was full, so {step[0]}")
            working = step[1]

    def _whole(self, request: RenderRequest, working: Working, on_step: OnStep) -> Painted:
        """The painted part, with --upscale again in tiles, at the larger size; and what led it."""
        painted, seen = self.painter.paint(request, working, on_step)
        plan = self._plan(working)
        # What came out as no picture is told as it is.
        if plan is None or failure.of(painted, request.plate) is not None:
            return painted, seen
        start = enter(leave(painted, request.plate, working), plan.target)
        return enlarging.enlarge(self.painter, request, start, seen, plan, on_step), seen

    def _plan(self, working: Working) -> Enlarging | None:
        return enlarging.plan_enlarging(working, self.settings.upscale, self.parts.model.family)

    def _asked(self) -> dict[str, Any]:
        """What was asked of this renderer, by option, as it is stored."""
        options = [option for option in OPTIONS.values() if option.group == DIFFUSION and option.stored]
        values = {option.name: getattr(self.settings, option.name) for option in options}
        return {o.name: None if values[o.name] is None else o.store(values[o.name]) for o in options}

    def _provenance(
        self, request: RenderRequest, working: Working, plan: Enlarging | None, notes: list[str]
    ) -> Provenance:
        moment, settings, parts = moment_at(self.settings, request.frame), self.settings, self.parts
        controls = tuple(
            {
                "kind": control.kind, "model": control.folder.name, "weight": control.strength.weight.at(request.frame),
                "start": control.strength.start, "end": control.strength.end,
            }
            for control in parts.leading(request.frame)
        )  # fmt: skip
        scheduler = settings.sampler or type(parts.base.scheduler).__name__.removesuffix("Scheduler")
        return Provenance(
            self._stored, request.frame, request.seed, moment.prompt_text, moment.negative_text,
            settings.steps, scheduler, moment.cfg, moment.denoise, settings.clip_skip,
            working.size, parts.model.path.stem, parts.hash, *parts.device, controls,
            tuple(dict.fromkeys((*parts.economy.taken, *notes))), _versions(),
            None if plan is None else plan.facts(moment),
        )  # fmt: skip

    @cached_property
    def _stored(self) -> dict[str, Any]:
        """What was asked for, with whole paths: it paints the same keys again, from anywhere."""
        return {name: OPTIONS[name].resolve(value) for name, value in self.settings.stored().items()}

    @cached_property
    def _unlike(self) -> tuple[str, ...]:
        """What is otherwise than when the key was painted that is asked for again."""
        if self.settings.like is None:
            return ()
        device, precision = self.parts.device
        now = {"model_hash": self.parts.hash, "device": device, "precision": precision}
        return tuple(unlike(self.settings.like, now | {"versions": _versions()}))


def _versions() -> dict[str, str]:
    return {name: version(name) for name in (*LIBRARIES, "stylize")}

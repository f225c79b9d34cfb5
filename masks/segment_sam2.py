"""Segmenter for SAM 2 (Ravi et al., "SAM 2: Segment anything in images and videos", 2024).

A session of the model takes one frame at a time: first the prompted frames, then the others, forward from the first
prompted frame to the end, then backward from it to the beginning. Memory of frames beyond the model's reach is dropped,
so that it does not grow with the shot.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.prompts import Box, Prompt

# The model's id of the object, and its point labels: outside, inside, first and second corner of a box.
OBJECT, OUTSIDE, INSIDE, FIRST, SECOND = 1, 0, 1, 2, 3


@dataclass(frozen=True)
class Levels:
    """Mean and deviation of the pictures by channel, in 0..1: ImageNet's unless the model's processor differs."""

    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    deviation: tuple[float, ...] = (0.229, 0.224, 0.225)


class Sam2Segmenter:
    """Segmenter of one prompted subject, in 32-bit floats."""

    prompted = True
    finished = True

    def __init__(self, load: Callable[[], Any], identity: str, levels: Levels = Levels()) -> None:
        """Set up a model without loading it. load: returns a Sam2VideoModel of transformers, called for the first
        frame. identity: changes with the model's weights and settings."""
        self._load = load
        self._identity = identity
        self._levels = levels
        self._loaded: Any = None

    def __call__(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], prompts: Sequence[Prompt] = ()
    ) -> Iterator[tuple[int, Floats]]:
        """See Segmenter. Prompted frames come first, then those after the first of them, then those before it."""
        if not frames:
            return
        if not prompts:
            raise ValueError("SAM 2 finds what it is pointed at: give it a click or a box")
        places = {frame: at for at, frame in enumerate(frames)}
        if not all(prompt.frame in places for prompt in prompts):
            raise ValueError("a prompt is in a frame that is not there")
        told = {at: [one for one in prompts if places[one.frame] == at] for at in {places[p.frame] for p in prompts}}
        walk = _Walk(self._model(), self._levels)
        for at in sorted(told):
            yield frames[at], walk.prompted(at, plate(frames[at]), told[at])
        first = min(told)
        for way, reverse in ((range(first + 1, len(frames)), False), (range(first - 1, -1, -1), True)):
            for at in way:
                if at not in told:
                    yield frames[at], walk.tracked(at, plate(frames[at]), reverse)
            walk.turn()

    def cache_key(self) -> str:
        """Return the digest of the weights, the levels and the device."""
        return f"sam2-{self._identity}-{self._levels}-{_device()}"

    def _model(self) -> Any:
        if self._loaded is None:
            self._loaded = self._load().to(_device()).eval()
        return self._loaded


class _Walk:
    """One pass over a shot. Frames are identified by their index in it."""

    def __init__(self, model: Any, levels: Levels) -> None:
        import torch
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        self._model, self._levels = model, levels
        device = model.device
        self._session = Sam2VideoInferenceSession(
            inference_device=device, inference_state_device=device, video_storage_device=device, dtype=torch.float32
        )
        self._index = self._session.obj_id_to_idx(OBJECT)
        self._reach = max(model.config.num_maskmem, model.config.max_object_pointers_in_encoder)

    def prompted(self, at: int, plate: Bytes, prompts: Sequence[Prompt]) -> Floats:
        """Matte of a prompted frame, from its prompts alone: float32 (H, W) in [0, 1]."""
        self._session.add_point_inputs(self._index, at, _points(prompts, plate.shape, self._model.config.image_size))
        self._session.obj_with_new_inputs = [OBJECT]
        return self._run(at, plate, False)

    def tracked(self, at: int, plate: Bytes, reverse: bool) -> Floats:
        """Matte of a frame, from the frames before it in this pass: float32 (H, W) in [0, 1]."""
        return self._run(at, plate, reverse)

    def turn(self) -> None:
        """Forget all but the prompted frames, from which the other direction starts again."""
        self._outputs()["non_cond_frame_outputs"].clear()
        self._session.frames_tracked_per_obj[self._index].clear()

    def _run(self, at: int, plate: Bytes, reverse: bool) -> Floats:
        import torch

        with torch.inference_mode(), _exact(self._model.device.type):
            picture = _fed(plate, self._model.config.image_size, self._levels, self._model.device)
            found = self._model(self._session, frame=picture, frame_idx=at, reverse=reverse)
            logits = torch.nn.functional.interpolate(
                found.pred_masks.float(), plate.shape[:2], mode="bilinear", align_corners=False
            )
            matte = np.ascontiguousarray(torch.sigmoid(logits)[0, 0].cpu().numpy(), F32)
        self._forget(at)
        if not np.isfinite(matte).all():
            raise ValueError("it gave NaN or infinity")
        return np.clip(matte, 0, 1)

    def _forget(self, at: int) -> None:
        """Drop the memory of frames beyond the model's reach."""
        self._session.processed_frames.pop(at, None)
        for kind in self._outputs().values():
            # At the model's full size, and needed only for its memory of the frame, which is encoded by now.
            if at in kind:
                kind[at].pop("high_res_masks", None)
        past = self._outputs()["non_cond_frame_outputs"]
        tracked = self._session.frames_tracked_per_obj[self._index]
        for kept in (past, tracked):
            for far in [other for other in kept if abs(at - other) >= self._reach]:
                del kept[far]

    def _outputs(self) -> dict[str, dict[int, dict[str, Any]]]:
        found: dict[str, dict[int, dict[str, Any]]] = self._session.output_dict_per_obj[self._index]
        return found


def _points(prompts: Sequence[Prompt], shape: Sequence[int], side: int) -> dict[str, Any]:
    """Point inputs of the prompts of one frame, corners of boxes first, on the grid of the model's input."""
    import torch

    places, kinds = [], []
    for box in (one for one in prompts if isinstance(one, Box)):
        places += [(box.x0, box.y0), (box.x1, box.y1)]
        kinds += [FIRST, SECOND]
    for point in (one for one in prompts if not isinstance(one, Box)):
        places.append((point.x, point.y))
        kinds.append(INSIDE if point.inside else OUTSIDE)
    scale = torch.tensor([side / shape[1], side / shape[0]], dtype=torch.float32)
    return {
        "point_coords": torch.tensor(places, dtype=torch.float32)[None, None] * scale,
        "point_labels": torch.tensor(kinds, dtype=torch.int32)[None, None],
    }


def _fed(plate: Bytes, side: int, levels: Levels, device: Any) -> Any:
    """Input of the model for a plate, (1, 3, side, side): as from its own processor, but without rounding to levels."""
    import torch

    planes = torch.from_numpy(np.ascontiguousarray(plate.transpose(2, 0, 1)[None])).to(device, torch.float32)
    square = torch.nn.functional.interpolate(planes, (side, side), mode="bilinear", antialias=True, align_corners=False)
    mean, deviation = (
        torch.tensor(some, dtype=torch.float32, device=device)[None, :, None, None]
        for some in (levels.mean, levels.deviation)
    )
    return (square / 255 - mean) / deviation


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@contextmanager
def _exact(device: str) -> Iterator[None]:
    """Context in which the bits of the results depend on the device alone."""
    import torch

    if device == "cuda":
        # No rounding to TF32 on the way, no algorithm that depends on timing.
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
        return
    threads = torch.get_num_threads()
    # Sums over several threads depend on their number.
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

"""Segmenter for SAM 2 (Ravi et al., "SAM 2: Segment anything in images and videos", 2024).

A session of the model takes one frame at a time: first the prompted frames, then the others, forward from the first
prompted frame to the end, then backward from it to the beginning. Memory of frames beyond the model's reach is
discarded, so that it does not grow with the shot.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.prompts import Box, Prompt

# The model's id of the object, and its point labels: outside, inside, first and second corner of a box.
OBJECT_ID, OUTSIDE, INSIDE, FIRST_CORNER, SECOND_CORNER = 1, 0, 1, 2, 3


@dataclass(frozen=True)
class Levels:
    """Mean and deviation of the pictures by channel, in 0..1: ImageNet's unless the model's processor differs."""

    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    deviation: tuple[float, ...] = (0.229, 0.224, 0.225)


class Sam2Segmenter:
    """Segmenter of one prompted subject, in 32-bit floats."""

    prompted = True
    produces_mattes = True

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
            raise ValueError("SAM 2 needs a prompt; give a click or a box")
        positions = {frame: index for index, frame in enumerate(frames)}
        if not all(prompt.frame in positions for prompt in prompts):
            raise ValueError("a prompt refers to a frame outside the shot")
        prompts_by_index = {
            index: [one for one in prompts if positions[one.frame] == index]
            for index in {positions[p.frame] for p in prompts}
        }
        shot_pass = _ShotPass(self._model(), self._levels)
        for index in sorted(prompts_by_index):
            yield frames[index], shot_pass.prompted(index, plate(frames[index]), prompts_by_index[index])
        first = min(prompts_by_index)
        for indices, reverse in ((range(first + 1, len(frames)), False), (range(first - 1, -1, -1), True)):
            for index in indices:
                if index not in prompts_by_index:
                    yield frames[index], shot_pass.tracked(index, plate(frames[index]), reverse)
            shot_pass.restart()

    def cache_key(self) -> str:
        """Return the digest of the weights, the levels and the device."""
        return f"sam2-{self._identity}-{self._levels}-{_device()}"

    def _model(self) -> Any:
        if self._loaded is None:
            self._loaded = self._load().to(_device()).eval()
        return self._loaded


class _ShotPass:
    """One pass over a shot. Frames are identified by their index in it."""

    def __init__(self, model: Any, levels: Levels) -> None:
        import torch
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        self._model, self._levels = model, levels
        device = model.device
        self._session = Sam2VideoInferenceSession(
            inference_device=device, inference_state_device=device, video_storage_device=device, dtype=torch.float32
        )
        self._index = self._session.obj_id_to_idx(OBJECT_ID)
        self._memory_reach = max(model.config.num_maskmem, model.config.max_object_pointers_in_encoder)

    def prompted(self, index: int, plate: Bytes, prompts: Sequence[Prompt]) -> Floats:
        """Matte of a prompted frame, from its prompts alone: float32 (H, W) in [0, 1]."""
        self._session.add_point_inputs(
            self._index, index, _point_inputs(prompts, plate.shape, self._model.config.image_size)
        )
        self._session.obj_with_new_inputs = [OBJECT_ID]
        return self._run(index, plate, False)

    def tracked(self, index: int, plate: Bytes, reverse: bool) -> Floats:
        """Matte of a frame, from the frames before it in this pass: float32 (H, W) in [0, 1]."""
        return self._run(index, plate, reverse)

    def restart(self) -> None:
        """Forget all frames except the prompted ones, and start again from those in the other direction."""
        self._outputs()["non_cond_frame_outputs"].clear()
        self._session.frames_tracked_per_obj[self._index].clear()

    def _run(self, index: int, plate: Bytes, reverse: bool) -> Floats:
        import torch

        with torch.inference_mode(), _deterministic(self._model.device.type):
            picture = _model_input(plate, self._model.config.image_size, self._levels, self._model.device)
            output = self._model(self._session, frame=picture, frame_idx=index, reverse=reverse)
            logits = torch.nn.functional.interpolate(
                output.pred_masks.float(), plate.shape[:2], mode="bilinear", align_corners=False
            )
            matte = np.ascontiguousarray(torch.sigmoid(logits)[0, 0].cpu().numpy(), F32)
        self._forget(index)
        if not np.isfinite(matte).all():
            raise ValueError("the network returned NaN or infinity")
        return np.clip(matte, 0, 1)

    def _forget(self, index: int) -> None:
        """Discard the memory of frames beyond the model's reach."""
        self._session.processed_frames.pop(index, None)
        for outputs in self._outputs().values():
            # At the model's full size, and no longer needed once the memory of the frame is encoded.
            if index in outputs:
                outputs[index].pop("high_res_masks", None)
        memory = self._outputs()["non_cond_frame_outputs"]
        tracked = self._session.frames_tracked_per_obj[self._index]
        for store in (memory, tracked):
            for expired in [other for other in store if abs(index - other) >= self._memory_reach]:
                del store[expired]

    def _outputs(self) -> dict[str, dict[int, dict[str, Any]]]:
        output: dict[str, dict[int, dict[str, Any]]] = self._session.output_dict_per_obj[self._index]
        return output


def _point_inputs(prompts: Sequence[Prompt], shape: Sequence[int], side: int) -> dict[str, Any]:
    """Point inputs of the prompts of one frame, corners of boxes first, on the grid of the model's input."""
    import torch

    positions, labels = [], []
    for box in (one for one in prompts if isinstance(one, Box)):
        positions += [(box.x0, box.y0), (box.x1, box.y1)]
        labels += [FIRST_CORNER, SECOND_CORNER]
    for point in (one for one in prompts if not isinstance(one, Box)):
        positions.append((point.x, point.y))
        labels.append(INSIDE if point.inside else OUTSIDE)
    scale = torch.tensor([side / shape[1], side / shape[0]], dtype=torch.float32)
    return {
        "point_coords": torch.tensor(positions, dtype=torch.float32)[None, None] * scale,
        "point_labels": torch.tensor(labels, dtype=torch.int32)[None, None],
    }


def _model_input(plate: Bytes, side: int, levels: Levels, device: Any) -> Any:
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
def _deterministic(device: str) -> Iterator[None]:
    """Context in which the bits of the results depend on the device alone."""
    import torch

    if device == "cuda":
        # No rounding to TF32, and no algorithm that is chosen by timing.
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
        return
    threads = torch.get_num_threads()
    # The rounding of sums depends on the number of threads.
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

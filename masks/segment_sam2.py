"""A Segmenter that runs SAM 2 (Ravi et al., "SAM 2: Segment anything in images and videos", 2024) on a shot.

Frames are fed one at a time into a session of the model: first those that have prompts, then the others, forward from
the first of these to the end, then backward from it to the beginning. What the model keeps of frames that it will not
look at again is dropped, so that memory does not grow with the shot.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from masks.arrays import F32, Bytes, Floats
from masks.prompts import Box, Prompt

# What the model calls the one object, and the kinds of its points: outside, inside, a box's first and second corner.
OBJECT, OUTSIDE, INSIDE, FIRST, SECOND = 1, 0, 1, 2, 3


@dataclass(frozen=True)
class Levels:
    """Mean and deviation of pictures, as shares of 255, by channel: ImageNet's unless the model's processor differs."""

    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    deviation: tuple[float, ...] = (0.229, 0.224, 0.225)


class Sam2Segmenter:
    """See Segmenter. In 32-bit floats."""

    prompted = True
    finished = True

    def __init__(self, load: Callable[[], Any], identity: str, levels: Levels = Levels()) -> None:
        """load: gives a Sam2VideoModel of transformers; called when the first frame is asked for.
        identity: changes with the model's weights and settings."""
        self._load = load
        self._identity = identity
        self._levels = levels
        self._loaded: Any = None

    def __call__(
        self, frames: Sequence[int], plate: Callable[[int], Bytes], prompts: Sequence[Prompt] = ()
    ) -> Iterator[tuple[int, Floats]]:
        """See Segmenter. Prompted frames come first, then those behind the first of them, then those before it."""
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
    """One walk through a shot. Frames are known by their place in it."""

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
        """The matte of a frame that has prompts, from these alone."""
        self._session.add_point_inputs(self._index, at, _points(prompts, plate.shape, self._model.config.image_size))
        self._session.obj_with_new_inputs = [OBJECT]
        return self._run(at, plate, False)

    def tracked(self, at: int, plate: Bytes, reverse: bool) -> Floats:
        """The matte of a frame, from those that have been seen before."""
        return self._run(at, plate, reverse)

    def turn(self) -> None:
        """Forgets all frames but those that have prompts: the other way begins at these again."""
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
        self._session.processed_frames.pop(at, None)
        for kind in self._outputs().values():
            # At the model's full size, and needed for its memory of the frame alone, which is made by now.
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
    """Prompts of one frame as the model takes them, a box's corners first: on the grid of its own picture."""
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
    """(1, 3, side, side) of (H, W, 3), as the model's own processor makes it, but that it rounds to whole levels."""
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
    """A context in which the bits depend on the device alone."""
    import torch

    if device == "cuda":
        # No rounding to TF32 on the way, no algorithm that depends on timing.
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
        return
    threads = torch.get_num_threads()
    # Sums that are shared among threads depend on how many there are.
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

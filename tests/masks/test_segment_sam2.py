"""SAM 2 on a shot, frame by frame, against the model's own session with the whole shot in memory."""

import numpy as np
import pytest

from masks.prompts import Box, Point
from tests.sam2 import SIDE, tiny_sam2

LONG, FIRST = 44, 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_sam2(tmp_path_factory.mktemp("sam2"))


@pytest.fixture(scope="module")
def segmenter(folder):
    from stylize.matting.sam2_model import open_sam2

    return open_sam2(str(folder))


def shot(count=LONG, size=(36, 64)):
    draw = np.random.default_rng(1)
    return [draw.integers(0, 256, (*size, 3), np.uint8) for _ in range(count)]


def at_once(folder, frames, prompts, reverse):
    """Mattes on the model's own grid, from its own session that holds the whole shot."""
    import torch
    from transformers import Sam2VideoModel
    from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

    from masks.segment_sam2 import Levels, _model_input, _point_inputs

    model = Sam2VideoModel.from_pretrained(folder, local_files_only=True).eval()
    video = torch.cat([_model_input(one, SIDE, Levels(), "cpu") for one in frames])
    session = Sam2VideoInferenceSession(video=video, dtype=torch.float32)
    index = session.obj_id_to_idx(1)
    for frame, some in prompts.items():
        session.add_point_inputs(index, frame, _point_inputs(some, frames[0].shape, SIDE))
        session.obj_with_new_inputs = [1]
        with torch.inference_mode():
            model(session, frame_idx=frame)
    walk = model.propagate_in_video_iterator(session, start_frame_idx=min(prompts), reverse=reverse)
    found = {}
    for one in walk:
        logits = torch.nn.functional.interpolate(one.pred_masks, frames[0].shape[:2], mode="bilinear")
        found[one.frame_idx] = torch.sigmoid(logits)[0, 0].numpy()
    return found


def test_bounded_session_equals_the_full_session(folder, segmenter):
    frames = shot()
    prompts = {FIRST: [Box(FIRST, 5, 5, 30, 30), Point(FIRST, 50, 9, False)], 30: [Point(30, 20, 20)]}
    asked = [one for some in prompts.values() for one in some]
    found = dict(segmenter(range(LONG), frames.__getitem__, asked))
    assert sorted(found) == list(range(LONG))
    for reverse in (False, True):
        truth = at_once(folder, frames, prompts, reverse)
        assert len(truth) >= 20
        for frame, matte in truth.items():
            np.testing.assert_allclose(found[frame], matte, atol=2e-4)


def test_memory_does_not_grow_with_the_shot(segmenter, monkeypatch):
    import masks.segment_sam2

    kept = []

    class Watched(masks.segment_sam2._ShotPass):
        def _forget(self, at):
            super()._forget(at)
            outputs = self._outputs()
            held = [one for kind in outputs.values() for one in kind.values()]
            size = sum(value.nbytes for one in held for value in one.values() if hasattr(value, "nbytes"))
            kept.append((len(held), len(self._session.processed_frames), size))

    monkeypatch.setattr(masks.segment_sam2, "_ShotPass", Watched)
    list(segmenter(range(60), lambda n: shot(1)[0], [Point(0, 20, 20)]))
    settled = kept[20:]
    assert len(set(settled)) == 1
    assert settled[0][0] < 20
    assert settled[0][1] == 0


def test_each_frame_is_requested_once(segmenter):
    frames, asked = shot(9), []

    def plate(frame):
        asked.append(frame)
        return frames[frame]

    found = [frame for frame, _ in segmenter(range(9), plate, [Point(6, 4, 4), Point(4, 20, 20)])]
    assert found == asked == [4, 6, 5, 7, 8, 3, 2, 1, 0]


def test_click_scales_with_the_size_of_the_plate(folder):
    torch = pytest.importorskip("torch")
    from masks.segment_sam2 import _point_inputs

    small = _point_inputs([Point(0, 16, 9), Box(0, 8, 4, 16, 18)], (36, 64, 3), SIDE)
    large = _point_inputs([Point(0, 32, 18), Box(0, 16, 8, 32, 36)], (72, 128, 3), SIDE)
    torch.testing.assert_close(small, large)
    assert small["point_coords"][0, 0].flatten().tolist() == pytest.approx([8, 4 * SIDE / 36, 16, 32, 16, 16])
    assert small["point_labels"][0, 0].tolist() == [2, 3, 1]

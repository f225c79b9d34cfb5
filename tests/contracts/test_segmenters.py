"""Contract of Segmenter. To cover a new one, add it to ``KINDS`` and to the fixture that makes it."""

import numpy as np
import pytest

from masks.prompts import Box, Point
from stylize.errors import MatteError
from stylize.extensions.built_in import BUILT_IN
from stylize.matting.networks import open_segmentation
from stylize.settings.network_matte import NetworkMatte
from tests.networks import red_class, red_finder, red_finder_with_channels_last, red_recurrent
from tests.sam2 import tiny_sam2

FRAMES = (7, 8, 9, 10)
NETWORKS = {
    "plane": lambda: red_finder(),
    "logits": lambda: red_finder(logits=True),
    "open sides": lambda: red_finder("side"),
    "large": lambda: red_finder(1024),
    "channels last": lambda: red_finder_with_channels_last(),
    "two classes": lambda: red_class(2, 1),
    "classes": lambda: red_class(21, 15),
    "recurrent": lambda: red_recurrent(),
}
SOMEWHERE = (Point(8, 0, 0),)
KINDS = (*NETWORKS, "sam2", "bright")


@pytest.fixture(params=KINDS, scope="module")
def segmenter_and_prompts(request, recipe, tmp_path_factory):
    """A segmenter, and prompts that point it at something if it needs them."""
    folder = tmp_path_factory.mktemp("network")
    if request.param == "sam2":
        tiny_sam2(folder)
        from stylize.matting.sam2_model import open_sam2

        return open_sam2(str(folder)), SOMEWHERE
    if request.param == "bright":
        return open_segmentation(None, NetworkMatte(), "bright").segmenter, ()
    pytest.importorskip("onnxruntime")
    from masks.segment_onnx import OnnxSegmenter

    (folder / "net.onnx").write_bytes(NETWORKS[request.param]())
    return OnnxSegmenter(folder / "net.onnx", request.param), ()


def test_every_segmenter_is_covered():
    assert BUILT_IN["stylize.segmenters"].keys() == {"onnx", "sam2"}  # the first runs NETWORKS


def pictures(size):
    draw = np.random.default_rng(0)
    return {frame: draw.integers(0, 256, (*size, 3), np.uint8) for frame in FRAMES}


@pytest.mark.parametrize("size", [(48, 64), (1, 1), (33, 7), (200, 31)])
def test_each_frame_gets_one_matte_of_its_size(segmenter_and_prompts, size):
    segmenter, prompts = segmenter_and_prompts
    frames = pictures(size)
    found = list(segmenter(FRAMES, frames.__getitem__, prompts))
    assert sorted(frame for frame, _ in found) == list(FRAMES)
    if not segmenter.prompted:
        assert [frame for frame, _ in found] == list(FRAMES)
    for _, matte in found:
        assert (matte.dtype, matte.shape) == (np.float32, size)
        assert matte.min() >= 0
        assert matte.max() <= 1


def test_plates_are_not_modified_and_results_repeat(segmenter_and_prompts):
    segmenter, prompts = segmenter_and_prompts
    frames = pictures((40, 50))
    before = {frame: one.copy() for frame, one in frames.items()}
    for one in frames.values():
        one.setflags(write=False)
    first, second = (dict(segmenter(FRAMES, frames.__getitem__, prompts)) for _ in range(2))
    for frame in FRAMES:
        np.testing.assert_array_equal(frames[frame], before[frame])
        np.testing.assert_array_equal(first[frame], second[frame])
    assert segmenter.cache_key() == segmenter.cache_key()


def test_mattes_do_not_depend_on_threads(segmenter_and_prompts):
    segmenter, prompts = segmenter_and_prompts
    torch = pytest.importorskip("torch") if segmenter.prompted else None
    cv2 = pytest.importorskip("cv2")
    frames, found = pictures((120, 160)), []
    before = cv2.getNumThreads(), torch.get_num_threads() if torch else None
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            if torch:
                torch.set_num_threads(threads)
            found.append(dict(segmenter(FRAMES, frames.__getitem__, prompts)))
            assert torch is None or torch.get_num_threads() == threads
    finally:
        cv2.setNumThreads(before[0])
        if torch:
            torch.set_num_threads(before[1])
    for frame in FRAMES:
        np.testing.assert_array_equal(found[0][frame], found[1][frame])


def test_stopped_segmenter_starts_from_the_beginning(segmenter_and_prompts):
    segmenter, prompts = segmenter_and_prompts
    frames = pictures((40, 50))
    whole = dict(segmenter(FRAMES, frames.__getitem__, prompts))
    next(iter(segmenter(FRAMES, frames.__getitem__, prompts)))
    for frame, matte in segmenter(FRAMES, frames.__getitem__, prompts):
        np.testing.assert_array_equal(matte, whole[frame])


def test_prompts_have_an_effect_or_are_refused(segmenter_and_prompts):
    segmenter, _ = segmenter_and_prompts
    frames = pictures((40, 50))

    def found(*some):
        return dict(segmenter(FRAMES, frames.__getitem__, some))

    if not segmenter.prompted:
        with pytest.raises((ValueError, MatteError), match="accepts no prompts"):
            found(*SOMEWHERE)
        return
    with pytest.raises(ValueError, match="give a click or a box"):
        found()
    with pytest.raises(ValueError, match="outside the shot"):
        found(Point(3, 0, 0))
    here = Point(8, 20, 20)
    asked = ((here,), (Point(8, 45, 3),), (here, Point(8, 45, 3, inside=False)), (Box(8, 5, 5, 30, 35),),
             (Point(9, 20, 20),))  # fmt: skip
    mattes = [found(*some) for some in asked]
    for at, one in enumerate(mattes):
        for other in mattes[:at]:
            assert any(np.abs(one[frame] - other[frame]).max() > 0.01 for frame in FRAMES)


def test_no_frames_give_no_mattes(segmenter_and_prompts):
    segmenter, _ = segmenter_and_prompts
    assert list(segmenter([], lambda n: pytest.fail("asked for a plate"), ())) == []

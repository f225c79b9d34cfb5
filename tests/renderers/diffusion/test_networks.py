"""Annotators with networks, on random weights that the test saves; the library's own code loads them."""

import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from stylize.errors import RendererError
from stylize.renderers.diffusion import networks
from stylize.renderers.diffusion.annotators import ANNOTATORS
from stylize.renderers.diffusion.networks import NETWORKS, annotate, check_annotator, depth_of, load_annotator
from tests.vision import torchvision_or_skip

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def library():
    """controlnet_aux, which needs torchvision."""
    torchvision_or_skip()
    return pytest.importorskip("controlnet_aux")


def test_annotator_without_a_network_needs_no_weights():
    assert check_annotator("canny", None) is None


def test_missing_library_is_reported_with_an_install_command(monkeypatch):
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    with pytest.raises(RendererError, match=r"pip install '\.\[annotators\]'.*--control depth=PATH") as error:
        check_annotator("depth", None)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", NETWORKS)
def test_missing_weights_are_reported_with_the_command(monkeypatch, tmp_path, kind):
    monkeypatch.setattr(networks, "find_spec", lambda name: object())
    with pytest.raises(RendererError) as error:
        check_annotator(kind, str(tmp_path))
    text = str(error.value)
    assert f"hf download lllyasviel/Annotators {NETWORKS[kind][1][0]}" in text
    assert f"--control {kind}=PATH" in text
    for name in NETWORKS[kind][1]:
        (tmp_path / name).write_bytes(b"")
    assert check_annotator(kind, str(tmp_path)) == tmp_path


def test_every_network_exists_in_the_library(library):
    assert all(hasattr(library, name) for name, _ in NETWORKS.values())


def soft_edges(folder):
    import torch
    from controlnet_aux.hed import ControlNetHED_Apache2

    torch.save(ControlNetHED_Apache2().state_dict(), folder / "ControlNetHED.pth")


def anime_lines(folder):
    from functools import partial

    import torch
    from controlnet_aux.lineart_anime import UnetGenerator

    norm = partial(torch.nn.InstanceNorm2d, affine=False, track_running_stats=False)
    weights = UnetGenerator(3, 1, 8, 64, norm_layer=norm, use_dropout=False).state_dict()
    # As saved after training on several devices.
    torch.save({f"module.{name}": value for name, value in weights.items()}, folder / "netG.pth")


def depth(folder):
    import torch
    from controlnet_aux.midas.midas.dpt_depth import DPTDepthModel

    weights = DPTDepthModel(path=None, backbone="vitb_rn50_384", non_negative=True).state_dict()
    torch.save(weights, folder / "dpt_hybrid-midas-501f0c75.pt")


def normals(folder):
    from types import SimpleNamespace

    import torch
    from controlnet_aux.normalbae.nets.NNET import NNET

    arguments = {"mode": "client", "architecture": "BN", "pretrained": "scannet"}
    network = NNET(SimpleNamespace(**arguments, sampling_ratio=0.4, importance_ratio=0.7))
    torch.save({"model": network.state_dict()}, folder / "scannet.pt")


def poses(folder):
    import torch
    from controlnet_aux.open_pose.face import FaceNet
    from controlnet_aux.open_pose.model import bodypose_model, handpose_model

    for name, kind in (("body_pose_model.pth", bodypose_model), ("hand_pose_model.pth", handpose_model)):
        weights = kind().state_dict()
        # Converted from Caffe, they lack the names of the blocks of layers.
        torch.save({layer.partition(".")[2]: value for layer, value in weights.items()}, folder / name)
    torch.save(FaceNet().state_dict(), folder / "facenet.pth")


SAVED = {
    "softedge": soft_edges, "lineart_anime": anime_lines, "depth": depth, "normal": normals, "openpose": poses,
}  # fmt: skip


@pytest.fixture
def folder():
    """A folder for weights of whole networks, which are large, so that it is deleted after the test."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.mark.parametrize("kind", NETWORKS)
def test_networks_load_and_annotate_at_the_plates_size(library, folder, kind, capfd):
    """Use the architectures of the published weights, with random weights."""
    import torch

    torch.manual_seed(0)
    with redirect_stdout(StringIO()):
        SAVED[kind](folder)
    capfd.readouterr()
    network = load_annotator(kind, check_annotator(kind, str(folder)), "cpu")
    assert capfd.readouterr().out == ""
    for size in ((70, 101), (96, 64), (20, 33)):
        plate = np.random.default_rng(0).random((*size, 3), np.float32)
        made = annotate(network, plate)
        assert made.shape == plate.shape
        assert made.dtype == np.float32
        assert 0 <= made.min() <= made.max() <= 1
        np.testing.assert_array_equal(made, annotate(network, plate))
        if kind != "openpose":  # no person is found
            assert made.min() < made.max()


def test_body_is_drawn_at_its_detected_parts(library):
    """Compare with the library's drawing of the same detection, a head and shoulders."""
    from controlnet_aux.open_pose import OpenposeDetector
    from controlnet_aux.open_pose.body import BodyResult, Keypoint

    class Sees:
        def __call__(self, picture):
            self.size = picture.shape
            return np.zeros((3, 4)), np.zeros((1, 20))

        def format_body_result(self, candidate, subset):
            height, width = self.size[:2]
            parts = [Keypoint(0.5 * width, y * height) for y in (0.2, 0.4)] + [None] * 16
            return [BodyResult(parts, 2, 2)]

    made = annotate(OpenposeDetector(Sees()), np.zeros((128, 192, 3), np.float32))
    assert made.shape == (128, 192, 3)
    rows, columns = np.nonzero(made.max(axis=2) > 0.2)
    assert 15 < rows.min() < 40 < 45 < rows.max() < 70
    assert abs(columns.mean() - 96) < 3


@pytest.mark.parametrize("kind", NETWORKS)
def test_code_in_weights_is_not_executed(library, tmp_path, kind):
    import pickle

    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    for name in NETWORKS[kind][1]:
        (tmp_path / name).write_bytes(pickle.dumps(Harm()))
    with pytest.raises(RendererError, match="could not be loaded"):
        load_annotator(kind, tmp_path, "cpu")
    assert not (tmp_path / "harm").exists()


def drawn_plate():
    """Soft colours, hard edges, a dark line: 128x192, a size that the library keeps."""
    plate = np.random.default_rng(0).random((128, 192, 3), np.float32) * 0.2 + 0.5
    plate[40:80, 60:120] = (0.9, 0.2, 0.1)
    plate[100:103] = 0.05
    return plate


def test_edges_match_the_library(library):
    from controlnet_aux import CannyDetector

    plate = drawn_plate()
    seen = np.rint(plate * 255).astype(np.uint8)
    theirs = CannyDetector()(seen, detect_resolution=128, image_resolution=128, output_type="np")
    np.testing.assert_array_equal(ANNOTATORS["canny"](plate, 0), theirs.astype(np.float32) / 255)


def test_line_drawings_match_the_library(library):
    from controlnet_aux.lineart_standard import LineartStandardDetector

    plate = drawn_plate()
    seen = np.rint(plate * 255).astype(np.uint8)
    theirs = LineartStandardDetector()(seen, detect_resolution=128, output_type="np")
    np.testing.assert_allclose(ANNOTATORS["lineart"](plate, 0), theirs.astype(np.float32) / 255, atol=1.01 / 255)


def test_shuffle_distance_matches_the_library(library):
    """Compare statistics: the library's field depends on global random state, ours on the seed."""
    from controlnet_aux import ContentShuffleDetector

    rows, columns = np.mgrid[:512, :512].astype(np.float32) / 511
    plate = np.stack([rows, columns, np.zeros_like(rows)], axis=2)
    seen = np.rint(plate * 255).astype(np.uint8)
    theirs = [
        ContentShuffleDetector()(seen, detect_resolution=512, image_resolution=512, output_type="np") / 255
        for _ in range(6)
    ]
    ours = [ANNOTATORS["shuffle"](plate, seed) for seed in range(6)]
    for measure in (
        lambda shown: np.abs(np.diff(shown[..., :2], axis=0)).mean(),
        lambda shown: shown[..., :2].std(),
        lambda shown: np.ptp(shown[..., :2]),
    ):
        assert 0.7 < np.mean([measure(one) for one in ours]) / np.mean([measure(one) for one in theirs]) < 1.4


@pytest.mark.parametrize("size", [(70, 101), (384, 640)])
def test_depth_is_the_raw_output_of_the_network(library, size):
    """Depth is neither stretched to 0..1 nor quantised to 8 bits for each frame, as the library's picture is."""
    from types import SimpleNamespace

    import torch

    class Near(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(1000.0))

        def forward(self, seen):
            assert seen.shape[:2] == (1, 3)
            assert seen.shape[2] % 32 == seen.shape[3] % 32 == 0
            assert -1 <= seen.min() < seen.max() <= 1
            return self.scale * (seen.mean(1) + 1) / 2

    ramp = np.linspace(0.2, 0.4, size[1], dtype=np.float32)
    plate = np.repeat(np.broadcast_to(ramp, size)[..., None], 3, axis=2)
    found = depth_of(SimpleNamespace(model=Near()), plate)
    assert (found.shape, found.dtype) == (size, np.float32)
    np.testing.assert_allclose(found, plate[..., 0] * 1000, atol=2)
    assert len(np.unique(found)) > 256 or size[1] < 256

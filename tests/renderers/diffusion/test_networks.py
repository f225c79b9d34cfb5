"""Annotators with networks, on random weights that the test saves; the library's own code reads them."""

import sys

import numpy as np
import pytest

from stylize.errors import RendererError
from stylize.renderers.diffusion import networks
from stylize.renderers.diffusion.networks import NETWORKS, annotate, check_annotator, load_annotator

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def library():
    """controlnet_aux; beside a torch without CUDA, torchvision may lack two operators that nothing here uses."""
    torch = pytest.importorskip("torch")
    try:
        import torchvision
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        declared = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: F401
    except ImportError:
        pytest.skip("needs torchvision")
    return pytest.importorskip("controlnet_aux")


def test_what_needs_no_network_asks_for_none():
    assert check_annotator("canny", None) is None


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    with pytest.raises(RendererError, match=r"pip install '\.\[annotators\]'.*--control depth=PATH") as error:
        check_annotator("depth", None)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", NETWORKS)
def test_missing_weights_are_named_with_the_command(monkeypatch, tmp_path, kind):
    monkeypatch.setattr(networks, "find_spec", lambda name: object())
    with pytest.raises(RendererError) as error:
        check_annotator(kind, str(tmp_path))
    told = str(error.value)
    assert f"hf download lllyasviel/Annotators {NETWORKS[kind][1][0]}" in told
    assert f"--control {kind}=PATH" in told
    for name in NETWORKS[kind][1]:
        (tmp_path / name).write_bytes(b"")
    assert check_annotator(kind, str(tmp_path)) == tmp_path


def test_every_network_is_in_the_library(library):
    assert all(hasattr(library, name) for name, _ in NETWORKS.values())


@pytest.mark.parametrize("size", [(70, 101), (64, 64)])
def test_soft_edges_have_the_plates_size(library, tmp_path, size):
    import torch
    from controlnet_aux.hed import ControlNetHED_Apache2

    torch.manual_seed(0)
    torch.save(ControlNetHED_Apache2().state_dict(), tmp_path / "ControlNetHED.pth")
    network = load_annotator("softedge", check_annotator("softedge", str(tmp_path)), "cpu")
    plate = np.random.default_rng(0).random((*size, 3), np.float32)
    made = annotate(network, plate)
    assert made.shape == plate.shape
    assert made.dtype == np.float32
    assert 0 <= made.min() < made.max() <= 1
    np.testing.assert_array_equal(made, annotate(network, plate))


def test_a_program_in_weights_is_not_run(library, tmp_path):
    import pickle

    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    (tmp_path / "ControlNetHED.pth").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(RendererError, match="could not be loaded"):
        load_annotator("softedge", tmp_path, "cpu")
    assert not (tmp_path / "harm").exists()

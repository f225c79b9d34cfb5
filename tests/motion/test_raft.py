"""RAFT in a run, with random weights: locating and loading them."""

import sys

import numpy as np
import pytest

import stylize
from stylize.errors import FlowError
from stylize.motion import raft
from tests.motion.test_estimated import painted_keys
from tests.sliding import folder_of, scene
from tests.vision import torchvision_or_skip

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def test_missing_libraries_are_reported_with_an_install_command(monkeypatch):
    monkeypatch.setattr(raft, "find_spec", lambda name: None)
    with pytest.raises(
        FlowError, match=r"not installed \(torch, torchvision\); run pip install '\.\[raft\]'.*--flow dis"
    ):
        raft.open_raft(None)


def test_incompatible_libraries_are_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(raft, "find_spec", lambda name: True)
    for name in ("torch", "torchvision"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(FlowError, match=r"cannot be imported \(.*torch.*\); reinstall them"):
        raft.open_raft(tmp_path / "any.pth")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of random weights for the small network."""
    torchvision_or_skip()
    import torch
    from torchvision.models.optical_flow import raft_small

    torch.set_num_threads(1)
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "small.pth"
    torch.save(raft_small(weights=None).state_dict(), path)
    return path


def assert_refused(path):
    with pytest.raises(FlowError) as error:
        raft.open_raft(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_missing_weights_are_reported_with_location_and_download(tmp_path, monkeypatch, weights):
    from torchvision.models.optical_flow import Raft_Large_Weights, Raft_Small_Weights

    # Names and command are those of torchvision.
    for kind, name in zip((Raft_Large_Weights, Raft_Small_Weights), raft.CACHED, strict=True):
        assert kind.DEFAULT.url.endswith(f"/{name}")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub._hub_dir", None)
    expected = tmp_path / "hub" / "checkpoints" / raft.CACHED[0]
    assert f"expected {expected}; give a file with --flow-weights, or download it with: python -c" in assert_refused(
        None
    )
    expected.parent.mkdir(parents=True)
    (expected.parent / raft.CACHED[1]).write_bytes(weights.read_bytes())
    assert raft.open_raft(None).identity == raft.open_raft(weights).identity


def test_both_weight_formats_give_the_same_flow(tmp_path, weights):
    save = pytest.importorskip("safetensors.torch")
    import torch

    save.save_file(torch.load(weights, weights_only=True), tmp_path / "small.safetensors")
    one, other = scene(2)
    flows = [raft.open_raft(path)(one, other) for path in (weights, tmp_path / "small.safetensors")]
    np.testing.assert_array_equal(*flows)


def test_files_without_weights_are_refused(tmp_path, weights):
    import torch

    assert "missing.pth cannot be read (No such file" in assert_refused(tmp_path / "missing.pth")
    for name in ("corrupt.pth", "corrupt.safetensors"):
        (tmp_path / name).write_bytes(weights.read_bytes()[:1000])
        assert f"{name}: not a complete" in assert_refused(tmp_path / name)
    (tmp_path / "empty.pth").write_bytes(b"")
    assert "empty.pth: not a complete .pth file" in assert_refused(tmp_path / "empty.pth")
    torch.save({"mask_predictor.weight": torch.zeros(1)}, tmp_path / "other.pth")
    assert "other.pth: expected weights of torchvision's raft_large" in assert_refused(tmp_path / "other.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    assert "list.pth: expected a dictionary of weights" in assert_refused(tmp_path / "list.pth")


def test_code_in_a_weight_file_is_not_executed(tmp_path, weights):
    import torch

    class Harmful:
        def __reduce__(self):
            return (tmp_path.joinpath("harm").mkdir, ())

    torch.save({"weight": Harmful()}, tmp_path / "harmful.pth")
    assert "harmful.pth: not a complete .pth file with only tensors" in assert_refused(tmp_path / "harmful.pth")
    assert not (tmp_path / "harm").exists()


def test_pictures_that_exceed_memory_are_reported(monkeypatch, weights):
    estimate = raft.open_raft(weights)

    def full(*pictures):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(estimate, "_network", full)
    with pytest.raises(FlowError, match=r"RAFT needs about 5\.6 GB of memory for 1920x1080, .*--flow dis"):
        estimate(*np.zeros((2, 1080, 1920, 3), np.uint8))


def test_run_uses_raft_between_frames(tmp_path, weights):
    plates, keys = folder_of(tmp_path / "plates", scene(3)), painted_keys(tmp_path / "painted", (1,))
    result = stylize.run(plates, keys=keys, flow="raft", flow_weights=weights)
    assert list(result.frames) == [1, 2, 3]
    assert len(list((result.project / "flow").iterdir())) == 2
    assert stylize.run(plates, keys=keys, flow="raft", flow_weights=weights).redone == ()
    assert stylize.run(plates, keys=keys, flow="dis").redone == (2, 3)

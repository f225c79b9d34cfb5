"""Contract of FlowEstimator. To cover a new one, add it to ``ESTIMATORS`` and to the fixture that makes it."""

import numpy as np
import pytest

from propagate.flow import check_flow, estimate_steps
from propagate.flow_dis import PRESETS, DisFlow
from stylize.errors import FlowError
from stylize.extensions.built_in import BUILT_IN
from stylize.motion.registered import open_flow
from stylize.settings import Settings
from tests.synthetic import texture
from tests.vision import torchvision_or_skip

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

ESTIMATORS = [*(f"dis-{preset}" for preset in PRESETS), "raft-small", "raft-large", "pan"]


@pytest.fixture(params=ESTIMATORS, scope="module")
def estimate(request, recipe):
    kind, _, which = request.param.partition("-")
    if kind not in BUILT_IN["stylize.flow"]:
        return open_flow(Settings(flow=kind))[0]
    return DisFlow(which) if kind == "dis" else raft(which)


def test_every_estimator_is_covered():
    assert BUILT_IN["stylize.flow"].keys() == {one.partition("-")[0] for one in ESTIMATORS} - {"pan"}


def raft(which):
    """RAFT with random weights: its flow is noise, but it is called as usual."""
    torchvision_or_skip()
    import torch

    # Its threads spin while waiting for each other, which takes seconds on a loaded machine.
    torch.set_num_threads(1)
    from torchvision.models.optical_flow import raft_large, raft_small

    from propagate.flow_raft import RaftFlow

    torch.manual_seed(0)
    network = {"large": raft_large, "small": raft_small}[which](weights=None)
    return RaftFlow(network.state_dict(), which)


def shifted(x, y, size=(96, 128)):
    """Two pictures, the second shifted by x and y relative to the first."""
    wide = texture(3, (size[1] + 40, size[0] + 40))
    return (
        np.ascontiguousarray(wide[20 - b : 20 - b + size[0], 20 - a : 20 - a + size[1]]) for a, b in ((0, 0), (x, y))
    )


@pytest.mark.parametrize("size", [(96, 128), (1, 1), (1, 40), (40, 1), (7, 5), (33, 31), (129, 130)])
def test_flow_has_the_size_of_its_pictures_and_is_finite(estimate, size):
    draw = np.random.default_rng(0)
    one, other = draw.integers(0, 256, (2, *size, 3), np.uint8)
    flow = estimate(one, other)
    check_flow(flow)
    assert flow.shape == (*size, 2)
    assert flow.flags.c_contiguous
    for step in estimate_steps(one, other, estimate):
        assert step.consistent.shape == size


def test_pictures_are_not_modified(estimate):
    one, other = shifted(3, 0)
    one.setflags(write=False)
    other.setflags(write=False)
    before = one.copy(), other.copy()
    estimate(one, other)
    np.testing.assert_array_equal((one, other), before)


def test_the_same_pictures_give_the_same_bits(estimate):
    one, other = shifted(3, 2)
    first = estimate(one, other)
    estimate(other, one)
    np.testing.assert_array_equal(estimate(one, other), first)
    assert estimate.cache_key() == estimate.cache_key()


def test_two_sizes_are_refused(estimate):
    with pytest.raises((ValueError, FlowError), match="the same size"):
        estimate(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9, 3), np.uint8))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("x", "y"), [(4, 0), (-3, 0), (0, 5), (0, -2), (3, -4)])
def test_dis_flow_points_from_the_second_picture_to_the_first(preset, x, y):
    one, other = shifted(x, y)
    flow = DisFlow(preset)(one, other)[16:-16, 16:-16]
    # other(x) = one(x + flow): content that moved by (x, y) comes from (-x, -y).
    np.testing.assert_allclose(np.median(flow, axis=(0, 1)), (-x, -y), atol=0.1)


def test_raft_flow_is_on_the_grid_of_the_second_picture():
    estimate = raft("small")
    asked = []
    network = estimate._network

    def listening(target, source):
        asked.append((target, source))
        return network(target, source)

    estimate._network = listening
    one, other = np.zeros((128, 136, 3), np.uint8), np.full((128, 136, 3), 255, np.uint8)
    estimate(one, other)
    assert asked[0][0].unique().tolist() == [1]  # torchvision's flow lies on the grid of its first picture
    assert asked[0][1].unique().tolist() == [-1]


def test_raft_does_not_depend_on_threads():
    torch = pytest.importorskip("torch")
    estimate = raft("small")
    one, other = shifted(3, 2)
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2, 4):
            torch.set_num_threads(count)
            found.append(estimate(one, other))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("preset", PRESETS)
def test_dis_does_not_depend_on_threads(preset):
    import cv2

    one, other = shifted(3, 2, (270, 480))
    threads, found = cv2.getNumThreads(), []
    try:
        for count in (1, 2, 4):
            cv2.setNumThreads(count)
            found.append(DisFlow(preset)(one, other))
    finally:
        cv2.setNumThreads(threads)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_weights_of_another_network_are_refused():
    torchvision_or_skip()
    from propagate.flow_raft import RaftFlow

    for weights in ({}, {"mask_predictor.conv.weight": 0}, {"encoder.weight": 1}):
        with pytest.raises(ValueError, match=r"expected weights of torchvision's raft_large or raft_small"):
            RaftFlow(weights, "other")

"""Mattes from ONNX networks, by kind of output."""

import numpy as np
import pytest

from tests.networks import (
    red_class,
    red_finder,
    red_finder_blind_on_the_right,
    red_finder_with_channels_last,
    red_labels,
    red_recurrent,
)  # fmt: skip

pytest.importorskip("onnxruntime")

RED, BLUE = np.array([230, 20, 20], np.uint8), np.array([20, 20, 230], np.uint8)


@pytest.fixture
def open_segmenter(tmp_path):
    from masks.segment_onnx import OnnxSegmenter

    def make(data, finds=None, name="net.onnx"):
        (tmp_path / name).write_bytes(data)
        return OnnxSegmenter(tmp_path / name, "identity", finds)

    return make


def halves(width=96):
    """Red on the left, blue on the right."""
    picture = np.empty((64, width, 3), np.uint8)
    picture[:, : width // 2], picture[:, width // 2 :] = RED, BLUE
    return picture


@pytest.mark.parametrize(
    "network",
    [
        red_finder(), red_finder(logits=True), red_finder("side"), red_finder(1024), red_finder_with_channels_last(),
        red_class(2, 1), red_class(21, 15), red_class(19, 12), red_class(150, 12),
        red_class(3, 1, {"names": "{0: 'sky', 1: 'person', 2: 'sea'}"}), red_recurrent(),
    ],
)  # fmt: skip
def test_subject_is_found_for_every_kind_of_output(open_segmenter, network):
    ((_, matte),) = open_segmenter(network)([1], lambda n: halves())
    assert matte[:, :40].min() > 0.8
    assert matte[:, 56:].max() < 0.2


def test_mirrored_input_compensates_for_a_blind_side(open_segmenter):
    segmenter = open_segmenter(red_finder_blind_on_the_right())
    assert not segmenter.produces_mattes
    red = np.broadcast_to(RED, (64, 96, 3)).copy()
    ((_, matte),) = segmenter([1], lambda n: red)
    np.testing.assert_allclose(matte[:, :40], 0.5, atol=0.02)
    np.testing.assert_allclose(matte[:, 56:], 0.5, atol=0.02)


def test_networks_that_give_mattes_are_recognised(open_segmenter):
    assert open_segmenter(red_recurrent()).produces_mattes
    assert open_segmenter(red_finder(), name="modnet.onnx").produces_mattes
    assert not open_segmenter(red_class(21, 15)).produces_mattes


def test_all_classes_but_the_background_are_people(open_segmenter):
    ((_, matte),) = open_segmenter(red_class(6, 0))([1], lambda n: halves())
    assert matte[:, :40].max() < 0.2
    assert matte[:, 56:].min() > 0.8


def test_recurrent_state_lasts_for_one_pass_only(open_segmenter):
    segmenter = open_segmenter(red_recurrent())
    grey = halves() // 8 + 100
    first = [float(matte[0, 0]) for _, matte in segmenter(range(4), lambda n: grey)]
    assert first == sorted(first)
    assert first[-1] > first[0] + 0.01
    assert [float(matte[0, 0]) for _, matte in segmenter(range(4), lambda n: grey)] == first


def test_invalid_network_is_refused_in_one_line(open_segmenter):
    whole = red_finder()
    for data, message in (
        (b"", "not an ONNX network"), (b"nothing at all", "not an ONNX network"),
        (whole[: len(whole) // 2], "not an ONNX network"), (whole.replace(b"Sigmoid", b"Sigmoit"), "Sigmoit"),
        (red_finder(opset=99), "pset 99"), (red_labels(), "as floats"), (red_finder(channels=4), "one picture"),
        (red_class(4, 1, side=32), "found 4 planes"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message) as error:
            open_segmenter(data)
        assert "\n" not in str(error.value)
        assert "/onnxruntime_src" not in str(error.value)


def test_network_that_fails_at_run_time_is_reported(open_segmenter):
    # Sides declared as dynamic, and a fixed number inside that does not fit the input.
    segmenter = open_segmenter(red_finder("side").replace(b"Sigmoid", b"Softmax"))
    ((_, matte),) = segmenter([1], lambda n: halves())
    assert matte.shape == (64, 96)
    broken = red_recurrent().replace(b"Identity", b"NonZero\x00")
    with pytest.raises(ValueError, match="ONNX"):
        open_segmenter(broken)


def test_people_can_be_requested_from_networks_labelled_for_them(open_segmenter):
    assert open_segmenter(red_finder(name="portrait"), "person")
    assert open_segmenter(red_finder(), "person", name="my_human_seg.onnx")
    assert open_segmenter(red_class(21, 15), "person")
    with pytest.raises(ValueError, match="not known to find people"):
        open_segmenter(red_finder(), "person")
    with pytest.raises(ValueError, match="this network finds people"):
        open_segmenter(red_recurrent(), "subject")

"""What networks in ONNX find, by what they give."""

import numpy as np
import pytest

from tests.networks import (
    red_class,
    red_finder,
    red_finder_behind,
    red_finder_blind_on_the_right,
    red_labels,
    red_recurrent,
)  # fmt: skip

pytest.importorskip("onnxruntime")

RED, BLUE = np.array([230, 20, 20], np.uint8), np.array([20, 20, 230], np.uint8)


@pytest.fixture
def opened(tmp_path):
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
        red_finder(), red_finder(logits=True), red_finder("side"), red_finder(1024), red_finder_behind(),
        red_class(2, 1), red_class(21, 15), red_class(19, 12), red_class(150, 12),
        red_class(3, 1, {"names": "{0: 'sky', 1: 'person', 2: 'sea'}"}), red_recurrent(),
    ],
)  # fmt: skip
def test_it_is_found_whatever_the_network_gives(opened, network):
    ((_, matte),) = opened(network)([1], lambda n: halves())
    assert matte[:, :40].min() > 0.8
    assert matte[:, 56:].max() < 0.2


def test_what_a_network_leaves_out_on_one_side_is_seen_in_the_mirror(opened):
    segmenter = opened(red_finder_blind_on_the_right())
    assert not segmenter.produces_mattes
    red = np.broadcast_to(RED, (64, 96, 3)).copy()
    ((_, matte),) = segmenter([1], lambda n: red)
    np.testing.assert_allclose(matte[:, :40], 0.5, atol=0.02)
    np.testing.assert_allclose(matte[:, 56:], 0.5, atol=0.02)


def test_networks_that_give_mattes_are_taken_as_they_are(opened):
    assert opened(red_recurrent()).produces_mattes
    assert opened(red_finder(), name="modnet.onnx").produces_mattes
    assert not opened(red_class(21, 15)).produces_mattes


def test_all_but_the_background_are_parts_of_people(opened):
    ((_, matte),) = opened(red_class(6, 0))([1], lambda n: halves())
    assert matte[:, :40].max() < 0.2
    assert matte[:, 56:].min() > 0.8


def test_a_recurrent_network_remembers_and_each_walk_begins_anew(opened):
    segmenter = opened(red_recurrent())
    grey = halves() // 8 + 100
    first = [float(matte[0, 0]) for _, matte in segmenter(range(4), lambda n: grey)]
    assert first == sorted(first)
    assert first[-1] > first[0] + 0.01
    assert [float(matte[0, 0]) for _, matte in segmenter(range(4), lambda n: grey)] == first


def test_what_is_no_network_says_why_in_one_line(opened):
    whole = red_finder()
    for data, said in (
        (b"", "not an ONNX network"), (b"nothing at all", "not an ONNX network"),
        (whole[: len(whole) // 2], "not an ONNX network"), (whole.replace(b"Sigmoid", b"Sigmoit"), "Sigmoit"),
        (red_finder(opset=99), "pset 99"), (red_labels(), "as floats"), (red_finder(channels=4), "one picture"),
        (red_class(4, 1, side=32), "found 4 planes"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said) as told:
            opened(data)
        assert "\n" not in str(told.value)
        assert "/onnxruntime_src" not in str(told.value)


def test_a_network_that_fails_while_it_runs_is_told(opened):
    # Sides that are said to be open, and a fixed number inside that does not fit what comes.
    segmenter = opened(red_finder("side").replace(b"Sigmoid", b"Softmax"))
    ((_, matte),) = segmenter([1], lambda n: halves())
    assert matte.shape == (64, 96)
    broken = red_recurrent().replace(b"Identity", b"NonZero\x00")
    with pytest.raises(ValueError, match="ONNX"):
        opened(broken)


def test_people_are_asked_for_by_what_the_file_says(opened):
    assert opened(red_finder(name="portrait"), "person")
    assert opened(red_finder(), "person", name="my_human_seg.onnx")
    assert opened(red_class(21, 15), "person")
    with pytest.raises(ValueError, match="not known to find people"):
        opened(red_finder(), "person")
    with pytest.raises(ValueError, match="it finds people"):
        opened(red_recurrent(), "subject")

"""Known networks: normalisation, input sizes, and what they find."""

import pytest

from masks.onnx_network import PERSON, SUBJECT, ModelInfo, Tensor, check_finds, people_classes, read_network

FLOAT = "tensor(float)"


def info(inputs, outputs, text="", metadata=None):
    inputs, outputs = (
        tuple(Tensor(name, kind, tuple(shape)) for name, kind, shape in some) for some in (inputs, outputs)
    )
    return ModelInfo(inputs, outputs, text, metadata or {})


def plain(side=320, planes=1, text="", metadata=None, name="d0"):
    return info([("x", FLOAT, (1, 3, side, side))], [(name, FLOAT, (1, planes, side, side))], text, metadata)


RVM = info(
    [("src", FLOAT, ("n", 3, "h", "w")), *((f"r{n}i", FLOAT, ("n", "c", "y", "x")) for n in (1, 2, 3, 4)),
     ("downsample_ratio", FLOAT, (1,))],
    [("fgr", FLOAT, ("n", 3, "h", "w")), ("pha", FLOAT, ("n", 1, "h", "w")),
     *((f"r{n}o", FLOAT, ("n", "c", "y", "x")) for n in (1, 2, 3, 4))],
)  # fmt: skip
MODNET = info([("input", FLOAT, ("b", 3, "h", "w"))], [("output", FLOAT, ("b", 1, "h", "w"))])
SELFIE = info([("in", FLOAT, (1, 256, 256, 3))], [("out", FLOAT, (1, 256, 256, 1))], "selfie_segmentation.onnx")


@pytest.mark.parametrize(
    ("network", "mean", "std", "by_max"),
    [
        (plain(), 0.485, 0.229, True),  # U2-Net
        (plain(1024), 0.5, 1.0, True),  # IS-Net
        (plain(1024, text="BiRefNet-general.onnx"), 0.485, 0.229, False),
        (plain(1024, name="output_image"), 0.485, 0.229, False),
        (plain(512, planes=21), 0.485, 0.229, False),
        (plain(192, planes=2, text="human_segmentation_pphumanseg_2023mar.onnx"), 0.5, 0.5, False),
        (MODNET, 0.5, 0.5, False),
        (SELFIE, 0.0, 1.0, False),
        (RVM, 0.0, 1.0, False),
    ],
)
def test_normalisation_follows_the_family(network, mean, std, by_max):
    normalisation = read_network(network).normalisation
    assert (normalisation.mean[0], normalisation.std[0], normalisation.by_max) == (mean, std, by_max)


def test_fixed_sides_come_from_the_file_and_dynamic_ones_from_the_family():
    assert (read_network(plain()).sides, read_network(plain()).shorter_side) == ((320, 320), None)
    assert (read_network(MODNET).sides, read_network(MODNET).shorter_side) == ((None, None), 512)
    assert read_network(RVM).shorter_side == 0
    assert read_network(SELFIE).channels_last


def test_states_of_a_recurrent_network_are_matched():
    network = read_network(RVM)
    assert network.states == {f"r{n}o": f"r{n}i" for n in (1, 2, 3, 4)}
    assert (network.picture, network.result, network.ratio) == ("src", "pha", "downsample_ratio")


@pytest.mark.parametrize(
    "network",
    [
        RVM, MODNET, SELFIE, plain(text="u2net_human_seg.onnx"), plain(text="a matting of portraits"),
        plain(512, planes=21), plain(512, planes=150), plain(512, 3, metadata={"names": '["sky", "Person", "sea"]'}),
    ],
)  # fmt: skip
def test_networks_for_people_are_recognised(network):
    check_finds(read_network(network), PERSON)
    check_finds(read_network(network), None)
    with pytest.raises(ValueError, match="this network finds people, not any subject"):
        check_finds(read_network(network), SUBJECT)


@pytest.mark.parametrize("network", [plain(text="u2netp.onnx"), plain(text="u2net.onnx"), plain(1024), plain(4, 2)])
def test_network_not_labelled_for_people_is_not_one(network):
    check_finds(read_network(network), SUBJECT)
    check_finds(read_network(network), None)
    with pytest.raises(ValueError, match=r"not known to find people: expected .*; use auto"):
        check_finds(read_network(network), PERSON)


@pytest.mark.parametrize(
    ("count", "metadata", "classes"),
    [
        (1, {}, ()),
        (2, {}, (1,)),
        (21, {}, (15,)),
        (19, {}, (11, 12)),
        (6, {}, (-1,)),
        (3, {"names": "{0: 'sky', 1: 'person', 2: 'sea'}"}, (1,)),
        (3, {"id2label": '{"0": "rider", "2": "sea", "1": "sky"}'}, (0,)),
        (3, {"classes": "sky, sea, human"}, (2,)),
        # Names that do not match the number of planes carry no information.
        (21, {"names": '["a", "person"]'}, (15,)),
    ],
)
def test_people_classes_come_from_names_or_the_data_set(count, metadata, classes):
    assert people_classes(count, metadata) == classes


def test_classes_without_people_are_refused():
    with pytest.raises(ValueError, match="expected a class of people, found sky, sea, land"):
        people_classes(3, {"names": '["sky", "sea", "land"]'})
    with pytest.raises(ValueError, match=r"expected one plane, 2, 6, .* classes, or class names .*, found 4 planes"):
        people_classes(4, {})


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            info([("x", FLOAT, (1, 4, 8, 8))], [("y", FLOAT, (1, 1, 8, 8))]),
            r"takes one picture.*found \(float\) \[1, 4",
        ),
        (info([("x", FLOAT, (2, 3, 8, 8))], [("y", FLOAT, (1, 1, 8, 8))]), "takes one picture"),
        (info([("x", "tensor(int64)", (1, 3, 8, 8))], [("y", FLOAT, (1, 1, 8, 8))]), r"found \(int64\)"),
        (info([("x", FLOAT, (1, 3, 8, 8)), ("z", FLOAT, (1,))], [("y", FLOAT, (1, 1, 8, 8))]), "takes one picture"),
        (info([("x", FLOAT, (1, 3, 8, 8))], [("y", "tensor(int64)", (1, 8, 8))]), "as floats, found tensor"),
        (info([("x", FLOAT, (1, 3, 8, 8))], [("y", FLOAT, (1, 1000))]), None),
        (info([("x", FLOAT, (1, 3, 8, 8))], [("y", FLOAT, (1, 1, 1, 8, 8))]), r"returns planes, \(1, n, h, w\)"),
        (info([("x", FLOAT, (1, 3, 8, 8))], []), "found nothing"),
        (info([], []), "takes one picture"),
    ],
)
def test_network_without_matte_output_is_refused_with_the_expectation(network, message):
    if message is None:  # a table of numbers has the shape of a plane
        read_network(network)
        return
    with pytest.raises(ValueError, match=message):
        read_network(network)

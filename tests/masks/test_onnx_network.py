"""Which networks are known, how they are fed, and whom they find."""

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
def test_levels_are_made_as_each_family_was_trained_with(network, mean, std, by_max):
    normalisation = read_network(network).normalisation
    assert (normalisation.mean[0], normalisation.std[0], normalisation.by_max) == (mean, std, by_max)


def test_sides_of_the_file_count_and_open_ones_follow_the_family():
    assert (read_network(plain()).sides, read_network(plain()).shorter_side) == ((320, 320), None)
    assert (read_network(MODNET).sides, read_network(MODNET).shorter_side) == ((None, None), 512)
    assert read_network(RVM).shorter_side == 0
    assert read_network(SELFIE).channels_last


def test_a_recurrent_network_gets_its_own_states_back():
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
def test_networks_of_people_are_known(network):
    check_finds(read_network(network), PERSON)
    check_finds(read_network(network), None)
    with pytest.raises(ValueError, match="it finds people, not any subject"):
        check_finds(read_network(network), SUBJECT)


@pytest.mark.parametrize("network", [plain(text="u2netp.onnx"), plain(text="u2net.onnx"), plain(1024), plain(4, 2)])
def test_what_nobody_says_finds_people_is_no_network_of_people(network):
    check_finds(read_network(network), SUBJECT)
    check_finds(read_network(network), None)
    with pytest.raises(ValueError, match=r"not known to find people: expected .*; take auto"):
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
        # Names of others than there are planes say nothing about these.
        (21, {"names": '["a", "person"]'}, (15,)),
    ],
)
def test_classes_of_people_are_those_named_or_those_of_the_data_set(count, metadata, classes):
    assert people_classes(count, metadata) == classes


def test_classes_without_people_are_refused():
    with pytest.raises(ValueError, match="expected a class of people, found sky, sea, land"):
        people_classes(3, {"names": '["sky", "sea", "land"]'})
    with pytest.raises(ValueError, match=r"expected one plane, 2, 6, .* classes, or names .*, found 4 planes"):
        people_classes(4, {})


@pytest.mark.parametrize(
    ("network", "said"),
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
        (info([("x", FLOAT, (1, 3, 8, 8))], [("y", FLOAT, (1, 1, 1, 8, 8))]), r"gives planes, \(1, n, h, w\)"),
        (info([("x", FLOAT, (1, 3, 8, 8))], []), "found nothing"),
        (info([], []), "takes one picture"),
    ],
)
def test_what_gives_no_mattes_is_refused_with_what_was_expected(network, said):
    if said is None:  # a table of numbers may be a plane, as far as its shape goes
        read_network(network)
        return
    with pytest.raises(ValueError, match=said):
        read_network(network)

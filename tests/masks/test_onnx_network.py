"""Which networks are known, how they are fed, and whom they find."""

import pytest

from masks.onnx_network import PERSON, SUBJECT, Tensor, Told, check_finds, people, read_network

FLOAT = "tensor(float)"


def told(inputs, outputs, words="", notes=None):
    inputs, outputs = (
        tuple(Tensor(name, kind, tuple(shape)) for name, kind, shape in some) for some in (inputs, outputs)
    )
    return Told(inputs, outputs, words, notes or {})


def plain(side=320, planes=1, words="", notes=None, name="d0"):
    return told([("x", FLOAT, (1, 3, side, side))], [(name, FLOAT, (1, planes, side, side))], words, notes)


RVM = told(
    [("src", FLOAT, ("n", 3, "h", "w")), *((f"r{n}i", FLOAT, ("n", "c", "y", "x")) for n in (1, 2, 3, 4)),
     ("downsample_ratio", FLOAT, (1,))],
    [("fgr", FLOAT, ("n", 3, "h", "w")), ("pha", FLOAT, ("n", 1, "h", "w")),
     *((f"r{n}o", FLOAT, ("n", "c", "y", "x")) for n in (1, 2, 3, 4))],
)  # fmt: skip
MODNET = told([("input", FLOAT, ("b", 3, "h", "w"))], [("output", FLOAT, ("b", 1, "h", "w"))])
SELFIE = told([("in", FLOAT, (1, 256, 256, 3))], [("out", FLOAT, (1, 256, 256, 1))], "selfie_segmentation.onnx")


@pytest.mark.parametrize(
    ("network", "mean", "deviation", "by_brightest"),
    [
        (plain(), 0.485, 0.229, True),  # U2-Net
        (plain(1024), 0.5, 1.0, True),  # IS-Net
        (plain(1024, words="BiRefNet-general.onnx"), 0.485, 0.229, False),
        (plain(1024, name="output_image"), 0.485, 0.229, False),
        (plain(512, planes=21), 0.485, 0.229, False),
        (plain(192, planes=2, words="human_segmentation_pphumanseg_2023mar.onnx"), 0.5, 0.5, False),
        (MODNET, 0.5, 0.5, False),
        (SELFIE, 0.0, 1.0, False),
        (RVM, 0.0, 1.0, False),
    ],
)
def test_levels_are_made_as_each_family_was_trained_with(network, mean, deviation, by_brightest):
    scaling = read_network(network).scaling
    assert (scaling.mean[0], scaling.deviation[0], scaling.by_brightest) == (mean, deviation, by_brightest)


def test_sides_of_the_file_count_and_open_ones_follow_the_family():
    assert (read_network(plain()).sides, read_network(plain()).short) == ((320, 320), None)
    assert (read_network(MODNET).sides, read_network(MODNET).short) == ((None, None), 512)
    assert read_network(RVM).short == 0
    assert read_network(SELFIE).channels_last


def test_a_recurrent_network_gets_its_own_states_back():
    network = read_network(RVM)
    assert network.states == {f"r{n}o": f"r{n}i" for n in (1, 2, 3, 4)}
    assert (network.picture, network.result, network.ratio) == ("src", "pha", "downsample_ratio")


@pytest.mark.parametrize(
    "network",
    [
        RVM, MODNET, SELFIE, plain(words="u2net_human_seg.onnx"), plain(words="a matting of portraits"),
        plain(512, planes=21), plain(512, planes=150), plain(512, 3, notes={"names": '["sky", "Person", "sea"]'}),
    ],
)  # fmt: skip
def test_networks_of_people_are_known(network):
    check_finds(read_network(network), PERSON)
    check_finds(read_network(network), None)
    with pytest.raises(ValueError, match="it finds people, not any subject"):
        check_finds(read_network(network), SUBJECT)


@pytest.mark.parametrize("network", [plain(words="u2netp.onnx"), plain(words="u2net.onnx"), plain(1024), plain(4, 2)])
def test_what_nobody_says_finds_people_is_no_network_of_people(network):
    check_finds(read_network(network), SUBJECT)
    check_finds(read_network(network), None)
    with pytest.raises(ValueError, match=r"not known to find people: expected .*; take auto"):
        check_finds(read_network(network), PERSON)


@pytest.mark.parametrize(
    ("count", "notes", "classes"),
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
def test_classes_of_people_are_those_named_or_those_of_the_data_set(count, notes, classes):
    assert people(count, notes) == classes


def test_classes_without_people_are_refused():
    with pytest.raises(ValueError, match="expected a class of people, found sky, sea, land"):
        people(3, {"names": '["sky", "sea", "land"]'})
    with pytest.raises(ValueError, match=r"expected one plane, 2, 6, .* classes, or names .*, found 4 planes"):
        people(4, {})


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            told([("x", FLOAT, (1, 4, 8, 8))], [("y", FLOAT, (1, 1, 8, 8))]),
            r"takes one picture.*found \(float\) \[1, 4",
        ),
        (told([("x", FLOAT, (2, 3, 8, 8))], [("y", FLOAT, (1, 1, 8, 8))]), "takes one picture"),
        (told([("x", "tensor(int64)", (1, 3, 8, 8))], [("y", FLOAT, (1, 1, 8, 8))]), r"found \(int64\)"),
        (told([("x", FLOAT, (1, 3, 8, 8)), ("z", FLOAT, (1,))], [("y", FLOAT, (1, 1, 8, 8))]), "takes one picture"),
        (told([("x", FLOAT, (1, 3, 8, 8))], [("y", "tensor(int64)", (1, 8, 8))]), "as floats, found tensor"),
        (told([("x", FLOAT, (1, 3, 8, 8))], [("y", FLOAT, (1, 1000))]), None),
        (told([("x", FLOAT, (1, 3, 8, 8))], [("y", FLOAT, (1, 1, 1, 8, 8))]), r"gives planes, \(1, n, h, w\)"),
        (told([("x", FLOAT, (1, 3, 8, 8))], []), "found nothing"),
        (told([], []), "takes one picture"),
    ],
)
def test_what_gives_no_mattes_is_refused_with_what_was_expected(network, said):
    if said is None:  # a table of numbers may be a plane, as far as its shape goes
        read_network(network)
        return
    with pytest.raises(ValueError, match=said):
        read_network(network)

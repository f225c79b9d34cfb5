"""Guides of the user's: read as data, matched by frame number, and used in synthesis."""

import re
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

import stylize
from propagate.arrays import F32
from propagate.synthesis import SynthesisSettings
from stylize.context.guides import MAX_GUIDE_CHANNELS, open_guides
from stylize.errors import GuideError, SettingsError
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.project import Project
from stylize.settings import GUIDE_WEIGHT, GuideSpec, Settings, read_settings
from tests.clips import write_movie

SIZE = (64, 48)
RAMP = np.linspace(0, 1, 64 * 48, dtype=np.float32).reshape(48, 64)


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.fixture
def shot(tmp_path):
    return open_shot(sequence(tmp_path / "plates", [noise(n) for n in range(4)]))


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "plates.stylize")


def sequence(folder, pictures, first=1001):
    folder.mkdir()
    for number, pixels in enumerate(pictures, first):
        write_image(folder / f"p.{number}.png", pixels)
    return folder


def write_exr(path, values, names, kind="float"):
    path.parent.mkdir(exist_ok=True)
    spec = OpenImageIO.ImageSpec(values.shape[1], values.shape[0], len(names), kind)
    spec.channelnames = names
    target = OpenImageIO.ImageOutput.create(str(path))
    assert target.open(str(path), spec)
    assert target.write_image(np.ascontiguousarray(values, F32))
    assert target.close()


def exrs(folder, values, names=("Z",), **more):
    for number, picture in enumerate(values, 1001):
        write_exr(folder / f"depth.{number}.exr", np.atleast_3d(picture), names, **more)
    return folder


def opened(path, shot, project, weight=2.0):
    return open_guides([GuideSpec(path, weight)], shot, project)[0]


# Options


@pytest.mark.parametrize(
    ("text", "path", "weight"),
    [
        ("depth", "depth", GUIDE_WEIGHT),
        ("depth/d.####.exr:1.5", "depth/d.####.exr", 1.5),
        ("C:\\depth", "C:\\depth", GUIDE_WEIGHT),
        ("C:\\depth:3", "C:\\depth", 3.0),
        ("takes/10:20/ids", "takes/10:20/ids", GUIDE_WEIGHT),
        ("takes/10:20:0.5", "takes/10:20", 0.5),
        ("ids.mov:high", "ids.mov:high", GUIDE_WEIGHT),
    ],
)
def test_number_after_the_last_colon_is_the_weight(text, path, weight):
    (asked,) = Settings(guide=text).guide
    assert (str(asked.path), asked.weight) == (path, weight)
    stored = Settings(guide=[text]).stored()
    assert read_settings(stored, "project.toml").guide == (asked,)


@pytest.mark.parametrize("text", ["ids:0", "ids:-1", "ids:nan", "ids:inf", "ids:1001", "ids:", ":3", ""])
def test_invalid_weight_or_path_is_refused(text):
    with pytest.raises(SettingsError, match=r"^--guide.*PATH") as error:
        Settings(guide=[text])
    assert "\n" not in str(error.value)


def test_guides_are_stored_in_order_relative_to_the_project(tmp_path, shot, project, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project.write_settings(shot.path, Settings(guide=["a:3", "b.mov"]), "0")
    text = (project.root / "project.toml").read_text()
    assert text.index('"../a:3.0"') < text.index(f'"../b.mov:{GUIDE_WEIGHT!r}"')


def test_documented_weights_are_the_defaults():
    text = (Path(__file__).parents[2] / "docs" / "concepts" / "propagation.md").read_text()
    used = SynthesisSettings()
    for name, weight in (("colour", used.colour), ("edges", used.edge), ("own guides", GUIDE_WEIGHT)):
        assert re.search(rf"\| .*{name}[^|]* \| [^|]* \| {weight:g}\b", text)
    assert f"{used.position * 1e6:g} millionth" in text


# Values


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_map_to_0_1_and_grey_has_one_channel(tmp_path, shot, project, dtype):
    top = np.iinfo(dtype).max
    grey = np.round(RAMP * top / 2).astype(dtype)
    folder = sequence(tmp_path / "grey", [np.repeat(grey[..., None], 3, axis=2)] * 4)
    guide = opened(folder, shot, project)
    assert (guide.low, guide.high, guide.channels, guide.weight) == (0, 1, 1, 2)
    values = guide.read(1003)
    assert (values.shape, values.dtype) == ((48, 64), np.float32)
    np.testing.assert_allclose(values, RAMP / 2, atol=0.5 / top + 1e-6)  # a narrow range is not stretched


def test_colours_have_three_channels_and_alpha_is_ignored(tmp_path, shot, project):
    pictures = [np.dstack([noise(n), noise(n + 9)[..., 0]]) for n in range(4)]
    pictures[0][..., :3] = pictures[0][..., :1]  # one grey frame among coloured ones
    guide = opened(sequence(tmp_path / "normals", pictures), shot, project)
    assert guide.channels == 3
    np.testing.assert_allclose(guide.read(1002), pictures[1][..., :3] / 255, atol=1e-6)
    assert guide.read(1001).shape == (48, 64, 3)


def test_floats_between_0_and_1_are_unchanged(tmp_path, shot, project):
    folder = exrs(tmp_path / "depth", [RAMP * 0.5 + 0.25] * 4)
    np.testing.assert_array_equal(opened(folder, shot, project).read(1001), RAMP * F32(0.5) + F32(0.25))


def test_other_floats_are_normalised_over_the_whole_shot(tmp_path, shot, project):
    frames = [(RAMP * 10 + 5 * n).astype(F32) for n in range(4)]  # 0 to 25 in total
    frames[2][0, 0], frames[2][0, 1], frames[2][0, 2] = np.inf, -np.inf, 1e10
    guide = opened(exrs(tmp_path / "depth", frames), shot, project)
    assert (guide.low, guide.high, guide.channels) == (0, 25, 1)
    np.testing.assert_allclose(guide.read(1002), (RAMP * 10 + 5) / 25, atol=1e-6)
    assert guide.read(1003)[0, :3].tolist() == [1, 0, 1]


def test_zero_of_normals_maps_to_the_middle(tmp_path, shot, project):
    normals = np.stack([RAMP * 2 - 1, 1 - RAMP * 2, np.zeros_like(RAMP)], axis=-1)
    for names in (("R", "G", "B"), ("Normal.X", "Normal.Y", "Normal.Z")):
        folder = exrs(tmp_path / names[0], [normals] * 4, names, kind="half")
        values = opened(folder, shot, project).read(1004)
        np.testing.assert_allclose(values, (normals + 1) / 2, atol=1e-3)


def test_constant_guide_is_accepted(tmp_path, shot, project):
    guide = opened(exrs(tmp_path / "flat", [np.full_like(RAMP, 7)] * 4), shot, project)
    assert not guide.read(1001).any()


def test_movie_and_still_can_be_guides(tmp_path, shot, project):
    pictures = [np.full((48, 64, 3), 40 * (n + 1), np.uint8) for n in range(4)]
    guide = opened(write_movie(tmp_path / "ids.mp4", pictures), shot, project)
    np.testing.assert_allclose(guide.read(1003), 120 / 255, atol=1.5 / 255)
    write_image(tmp_path / "still.png", noise(0))
    np.testing.assert_array_equal(opened(tmp_path / "still.png", shot, project).read(1004), noise(0) / F32(255))


def test_frames_are_scanned_once(tmp_path, shot, project, monkeypatch):
    folder = exrs(tmp_path / "depth", [RAMP * 3] * 4)
    first = opened(folder, shot, project)
    with monkeypatch.context() as patch:
        patch.setattr("stylize.context.guides.read_data", lambda path: pytest.fail("read again"))
        assert opened(folder, shot, project) == first
    write_exr(folder / "depth.1004.exr", RAMP[..., None] * 6, ("Z",))
    assert opened(folder, shot, project).high == 6


# Invalid guides


def test_guide_that_does_not_match_the_shot_is_refused(tmp_path, shot, project):
    short = sequence(tmp_path / "short", [noise(1)] * 2)
    with pytest.raises(
        GuideError, match=r"^guide .*short: expected one file for each of the frames 1001-1004, missing 1003-1004"
    ):
        opened(short, shot, project)
    small = sequence(tmp_path / "small", [noise(1)[:, :60]] * 4)
    with pytest.raises(
        GuideError, match=r"expected 64x48 like the shot, found 60x48; resize it to the size of the plates"
    ):
        opened(small, shot, project)
    with pytest.raises(GuideError, match=r"^guide none:high: no such file"):
        opened(Settings(guide="none:high").guide[0].path, shot, project)
    with pytest.raises(GuideError, match=r"long\.mp4: expected 4 frames like the shot, found 6"):
        opened(write_movie(tmp_path / "long.mp4", [noise(1)] * 6), shot, project)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(GuideError, match=r"text\.png: not a readable picture"):
        opened(tmp_path / "text.png", shot, project)


def test_nan_is_refused(tmp_path, shot, project):
    frames = [RAMP.copy() for _ in range(4)]
    frames[1][3, 4] = np.nan
    with pytest.raises(GuideError, match=r"depth\.1002\.exr: the picture contains NaN"):
        opened(exrs(tmp_path / "depth", frames), shot, project)


def test_frames_of_different_channels_are_refused(tmp_path, shot, project):
    folder = exrs(tmp_path / "mixed", [RAMP] * 4)
    write_exr(folder / "depth.1003.exr", np.dstack([RAMP, RAMP, RAMP * 0]), ("R", "G", "B"))
    with pytest.raises(GuideError, match=r"depth\.1003\.exr: expected 1 channels as in the previous frames, found 3"):
        opened(folder, shot, project)


def test_too_many_channels_are_refused(tmp_path, shot, project):
    folder = sequence(tmp_path / "normals", [noise(n) for n in range(4)])
    with pytest.raises(GuideError, match=rf"27 channels in total, expected at most {MAX_GUIDE_CHANNELS}"):
        open_guides([GuideSpec(folder, 1.0)] * 9, shot, project)


# Effect of guides


def swap(tmp_path):
    """Make two objects that look alike; the first frame distinguishes them by paint, the others by the guide only.

    In the key the left one is red and the right one blue. From the third frame on their IDs are swapped, and both have
    another texture, so that flow gives no information about them.
    """
    draw = np.random.default_rng(0)
    plates = []
    for thing in (draw.integers(60, 220, (24, 16, 3), np.uint8), draw.integers(60, 220, (24, 16, 3), np.uint8)):
        plate = np.full((48, 64, 3), 40, np.uint8)
        for left in (10, 38):
            plate[12:36, left : left + 16] = thing
        plates += [plate, plate]
    key, ids = plates[0].copy(), np.zeros((48, 64, 3), np.uint8)
    for left, colour, number in ((10, (220, 40, 40), 100), (38, (40, 40, 220), 200)):
        key[12:36, left : left + 16] = colour
        ids[12:36, left : left + 16] = number
    other = ids.copy()
    other[ids == 100], other[ids == 200] = 200, 100
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "1001.png", key)
    return sequence(tmp_path / "shot", plates), tmp_path / "keys", [ids, ids, other, other]


def redness(picture, left):
    inside = picture[16:32, left + 4 : left + 12].astype(float)
    return (inside[..., 0] - inside[..., 2]).mean()


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_guide_distinguishes_objects_that_look_alike(tmp_path, channels):
    plates, keys, ids = swap(tmp_path)
    if channels == 3:
        ids = [np.dstack([picture[..., 0], 255 - picture[..., 0], picture[..., 0] // 2]) for picture in ids]
    folder = sequence(tmp_path / "ids", ids)
    without = stylize.run(plates, keys=keys, project=tmp_path / "without.stylize")
    guided = stylize.run(plates, keys=keys, guide=[f"{folder}:20"], project=tmp_path / "with.stylize")
    for frame in (1002, 1003, 1004):
        plain, with_guide = read_image(without.frames[frame]), read_image(guided.frames[frame])
        assert redness(plain, 10) > 100
        assert redness(plain, 38) < -100
        swapped = -1 if frame > 1002 else 1
        assert swapped * redness(with_guide, 10) > 100
        assert swapped * redness(with_guide, 38) < -100


@pytest.mark.slow
def test_changed_guide_or_weight_regenerates_its_spans(tmp_path):
    plates, keys, ids = swap(tmp_path)
    folder = sequence(tmp_path / "ids", ids)
    assert stylize.run(plates, keys=keys, guide=[folder]).redone == (1001, 1002, 1003, 1004)
    assert stylize.run(plates, keys=keys, guide=[folder]).redone == ()
    assert stylize.run(plates, keys=keys, guide=[f"{folder}:3"]).redone == (1002, 1003, 1004)
    write_image(folder / "p.1004.png", ids[0])
    assert stylize.run(plates, keys=keys, guide=[f"{folder}:3"]).redone == (1002, 1003, 1004)
    assert stylize.run(plates, keys=keys).redone == (1002, 1003, 1004)


@pytest.mark.slow
def test_worker_processes_use_guides(tmp_path):
    plates, keys, ids = swap(tmp_path)
    write_image(keys / "1004.png", read_image(keys / "1001.png"))
    folder = sequence(tmp_path / "ids", ids)
    one = stylize.run(plates, keys=keys, guide=[folder], project=tmp_path / "one.stylize")
    two = stylize.run(plates, keys=keys, guide=[folder], project=tmp_path / "two.stylize", jobs=2)
    assert [path.read_bytes() for path in one.frames.values()] == [path.read_bytes() for path in two.frames.values()]


def test_incomplete_guide_is_refused_before_any_work(tmp_path):
    plates, keys, ids = swap(tmp_path)
    with pytest.raises(GuideError, match="missing 1003-1004"):
        stylize.run(plates, keys=keys, guide=[sequence(tmp_path / "ids", ids[:2])])
    assert not list((tmp_path / "shot.stylize" / "out").iterdir())


def test_guide_without_finite_values_is_refused(tmp_path, shot, project):
    with pytest.raises(GuideError, match="found none in the whole shot"):
        opened(exrs(tmp_path / "z", [np.full_like(RAMP, np.inf)] * 4), shot, project)

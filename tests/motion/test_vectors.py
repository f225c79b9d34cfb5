"""Motion vectors from files: the convention of each format, on a shot whose motion is known."""

import os
import struct
from dataclasses import replace

import numpy as np
import OpenImageIO
import pytest

import stylize
from propagate.box import Box
from propagate.flow import MAX_LENGTH, warp
from stylize.errors import FlowError, SettingsError
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.scaling import scale_picture
from stylize.motion.vectors import VectorMotion, check_vectors, open_vectors, read_flow
from stylize.project import Project
from stylize.settings import Settings
from tests.clips import write_movie
from tests.sliding import folder_of

SIZE = (64, 36)
# Motion from each frame to the next: to the right, and down.
MOVE = (3, 2)
FIRST = 1001


def moving(count=4):
    draw = np.random.default_rng(5)
    wide = np.kron(draw.integers(30, 220, (30, 40, 3)), np.ones((3, 3, 1))).astype(np.uint8)
    x, y = MOVE
    return [
        np.ascontiguousarray(wide[40 - y * n : 40 - y * n + SIZE[1], 40 - x * n : 40 - x * n + SIZE[0]])
        for n in range(count)
    ]


def numbered(count=4):
    return range(FIRST, FIRST + count)


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", moving(), FIRST)


@pytest.fixture
def shot(plates):
    return open_shot(plates)


def write_exr(path, names, values, size=SIZE):
    """Write an EXR whose channels are each one value, or an array."""
    path.parent.mkdir(exist_ok=True)
    pixels = np.stack([np.broadcast_to(np.float32(value), size[::-1]) for value in values], axis=-1)
    spec = OpenImageIO.ImageSpec(*size, len(names), "float")
    spec.channelnames = names
    target = OpenImageIO.ImageOutput.create(str(path))
    assert target.open(str(path), spec)
    assert target.write_image(np.ascontiguousarray(pixels))
    assert target.close()


def write_flo(path, x, y, size=SIZE):
    path.parent.mkdir(exist_ok=True)
    flow = np.broadcast_to(np.array([x, y], "<f4"), (size[1], size[0], 2))
    path.write_bytes(b"PIEH" + struct.pack("<ii", *size) + flow.tobytes())


# In EXR y is up. Blender: XY points to the position in the previous frame, ZW from the position in the next frame.
BLENDER = (-MOVE[0], MOVE[1], -MOVE[0], MOVE[1])
NUKE = {"forward.u": MOVE[0], "forward.v": -MOVE[1], "backward.u": -MOVE[0], "backward.v": MOVE[1]}


def blender(tmp_path, layer="ViewLayer.Vector."):
    for number in numbered():
        names = ("ViewLayer.Combined.R", "ViewLayer.Combined.G", *(layer + channel for channel in "XYZW"))
        write_exr(tmp_path / "vec" / f"v.{number}.exr", names, (0.5, 0.5, *BLENDER))
    return (tmp_path / "vec" / "v.####.exr",) * 2


def nuke(tmp_path):
    for number in numbered():
        write_exr(tmp_path / "vec" / f"v.{number}.exr", ("R", "G", "B", *NUKE), (0.5, 0.5, 0.5, *NUKE.values()))
    return (tmp_path / "vec" / "v.####.exr",) * 2


def flo(tmp_path):
    for number in numbered():
        write_flo(tmp_path / "back" / f"v_{number}.flo", -MOVE[0], -MOVE[1])
        write_flo(tmp_path / "forward" / f"v_{number}.flo", *MOVE)
    return tmp_path / "back", tmp_path / "forward" / "v_%04d.flo"


def two_channels(tmp_path, names=("u", "v")):
    for number in numbered():
        write_exr(tmp_path / "back" / f"v.{number}.exr", names, (-MOVE[0], MOVE[1]))
        write_exr(tmp_path / "forward" / f"v.{number}.exr", names, (MOVE[0], -MOVE[1]))
    return tmp_path / "back", tmp_path / "forward"


KINDS = {
    "blender": blender,
    "blender, the pass alone": lambda path: blender(path, ""),
    "nuke": nuke,
    "flo": flo,
    "u, v": two_channels,
    "X, Y": lambda path: two_channels(path, ("motion.X", "motion.Y")),
    "R, G": lambda path: two_channels(path, ("R", "G")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_point_to_the_previous_position(tmp_path, shot, kind):
    motion = VectorMotion(open_vectors(*KINDS[kind](tmp_path), shot), str)
    pictures = dict(zip(numbered(), moving(), strict=True))
    for before, after in ((1001, 1002), (1003, 1004), (1002, 1001), (1004, 1003)):
        step = motion.step(before, after)
        assert step.flow.dtype == np.float32
        core = np.s_[4:-4, 5:-5]
        np.testing.assert_array_equal(warp(pictures[before], step.flow)[core], pictures[after][core])
        assert step.consistent[core].all()
    assert motion.refine is None


@pytest.mark.parametrize("kind", ["blender", "flo"])
def test_vectors_of_a_draft_are_scaled(tmp_path, shot, kind):
    full = open_vectors(*KINDS[kind](tmp_path), shot)
    motion = VectorMotion(replace(full, draft_size=(32, 18)), str)
    for before, after in ((1001, 1002), (1004, 1003)):
        whole, step = VectorMotion(full, str).step(before, after), motion.step(before, after)
        assert step.flow.shape == (18, 32, 2)
        np.testing.assert_array_equal(step.flow, whole.flow[::2, ::2] / 2)
        assert step.consistent[4:-4, 5:-5].all()


@pytest.mark.slow
def test_draft_follows_vectors_at_its_size(tmp_path, plates):
    """A key is propagated to the right place: the result resembles the inverted plate of each frame."""
    back, forward = flo(tmp_path)
    (tmp_path / "keys").mkdir()
    first = moving()[0]
    write_image(tmp_path / "keys" / f"{FIRST}.png", 255 - first)
    draft = stylize.run(plates, keys=tmp_path / "keys", vectors_back=back, vectors_forward=forward, draft=True)
    for number, plate in zip(numbered(), moving(), strict=True):
        expected = scale_picture(255 - plate, (32, 18)).astype(int)
        difference = np.abs(read_image(draft.frames[number]) - expected)[8:-2, 8:-2]
        assert difference.mean() < 12


def test_vectors_in_a_box_are_cropped_from_the_whole_frame(tmp_path, shot):
    motion, box = VectorMotion(open_vectors(*flo(tmp_path), shot), str), Box(2, 3, 20, 11)
    whole, inside = motion.step(1001, 1002), motion.within(box).step(1001, 1002)
    np.testing.assert_array_equal(inside.flow, box.crop(whole.flow))
    np.testing.assert_array_equal(inside.consistent, box.crop(whole.consistent))


def test_files_of_other_frames_are_ignored(tmp_path, shot):
    back, forward = flo(tmp_path)
    (back / "v_1001.flo").unlink()  # the first frame has no previous one
    (forward.parent / "v_1004.flo").write_bytes(b"the last has none after it")
    (back / "v_0900.flo").write_bytes(b"nothing")
    files = open_vectors(back, forward, shot)
    assert list(files.back) == [1002, 1003, 1004]
    assert list(files.forward) == [1001, 1002, 1003]


def test_exr_may_cover_part_of_its_display_window(tmp_path):
    spec = OpenImageIO.ImageSpec(4, 3, 2, "half")
    spec.channelnames = ("u", "v")
    spec.x, spec.y, spec.full_width, spec.full_height = 2, 1, 8, 6
    target = OpenImageIO.ImageOutput.create(str(tmp_path / "v.1.exr"))
    assert target.open(str(tmp_path / "v.1.exr"), spec)
    assert target.write_image(np.ones((3, 4, 2), np.float32))
    assert target.close()
    flow = read_flow(tmp_path / "v.1.exr", "back", (8, 6))
    assert (flow[1:4, 2:6] == (1, -1)).all()
    assert np.abs(flow).sum() == 2 * 12


def test_huge_vectors_mean_unknown_motion(tmp_path, shot):
    back, forward = flo(tmp_path)
    write_flo(back / "v_1002.flo", 1e10, -1e10)
    step = VectorMotion(open_vectors(back, forward, shot), str).step(1001, 1002)
    assert np.abs(step.flow).max() == MAX_LENGTH
    assert not step.consistent.any()


# Refusals


def assert_refused(paths, shot):
    with pytest.raises(FlowError) as error:
        open_vectors(*paths, shot)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_missing_files_are_named(tmp_path, shot):
    back, forward = flo(tmp_path)
    (back / "v_1003.flo").unlink()
    message = assert_refused((back, forward), shot)
    assert "expected one file for each of the frames 1002-1004, missing 1003" in message
    assert "no such folder" in assert_refused((tmp_path / "none", forward), shot)


def test_vectors_of_another_size_are_refused(tmp_path, shot):
    back, forward = flo(tmp_path)
    write_flo(back / "v_1003.flo", 0, 0, (65, 36))
    assert "v_1003.flo: expected 64x36 like the shot, found 65x36" in assert_refused((back, forward), shot)
    paths = nuke(tmp_path)
    write_exr(tmp_path / "vec" / "v.1002.exr", tuple(NUKE), (0, 0, 0, 0), (64, 35))
    assert "v.1002.exr: expected 64x36 like the shot, found 64x35" in assert_refused(paths, shot)


def test_other_channels_are_refused(tmp_path, shot):
    for number in numbered():
        write_exr(tmp_path / "vec" / f"v.{number}.exr", ("R", "G", "B"), (0, 0, 0))
    both = (tmp_path / "vec",) * 2
    assert "expected one layer of X, Y, Z, W (Blender's Vector pass)" in assert_refused(both, shot)
    assert "found R, G, B" in assert_refused(both, shot)
    assert "expected two channels, u and v" in assert_refused((tmp_path / "vec", flo(tmp_path)[1]), shot)
    for number in numbered():
        names = tuple(f"{layer}.Vector.{channel}" for layer in "AB" for channel in "XYZW")
        write_exr(tmp_path / "vec" / f"v.{number}.exr", names, (0,) * 8)
    assert "expected one layer of" in assert_refused(both, shot)


def test_vectors_of_one_direction_alone_are_refused(tmp_path, shot):
    back, _ = flo(tmp_path)
    assert "holds one direction only" in assert_refused((back, back), shot)
    (tmp_path / "exr").mkdir()
    back, _ = two_channels(tmp_path / "exr")
    assert "expected one layer of" in assert_refused((back, back), shot)


@pytest.mark.parametrize("spoil", [b"", b"PIEH", b"PIEH" + struct.pack("<ii", 64, 36) + bytes(8), b"text" * 9000])
def test_damaged_flo_is_refused(tmp_path, shot, spoil):
    back, forward = flo(tmp_path)
    (back / "v_1003.flo").write_bytes(spoil)
    assert "v_1003.flo: expected" in assert_refused((back, forward), shot)


def test_damaged_exr_is_refused(tmp_path, shot):
    paths = nuke(tmp_path)
    (tmp_path / "vec" / "v.1002.exr").write_bytes(b"nothing")
    assert "v.1002.exr: not a readable picture" in assert_refused(paths, shot)
    nuke(tmp_path)
    motion = VectorMotion(open_vectors(*paths, shot), str)
    whole = (tmp_path / "vec" / "v.1002.exr").read_bytes()
    (tmp_path / "vec" / "v.1002.exr").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(FlowError, match=r"v\.1002\.exr: the picture is truncated"):
        motion.step(1001, 1002)


@pytest.mark.parametrize(("bad", "message"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_nan_is_reported_with_its_file_and_position(tmp_path, shot, bad, message):
    paths = nuke(tmp_path)
    forward = np.zeros(SIZE[::-1], np.float32)
    forward[7, 11] = bad
    write_exr(tmp_path / "vec" / "v.1002.exr", tuple(NUKE), (forward, 0, 0, 0))
    with pytest.raises(FlowError, match=rf"v\.1002\.exr: expected finite values, found {message} at x 11, y 7; render"):
        VectorMotion(open_vectors(*paths, shot), str).step(1002, 1003)


def files_checked(paths, shot, project):
    """Check the vectors, and return the number of files that were read."""
    done = []
    check_vectors(open_vectors(*paths, shot), project, lambda *step: done.append(step))
    assert done == [(n + 1, len(done)) for n in range(len(done))]
    return len(done)


@pytest.mark.parametrize("make", [blender, nuke, flo, two_channels])
def test_files_are_checked_once_and_again_when_changed(tmp_path, shot, make):
    project, paths = Project(tmp_path / "p.stylize"), make(tmp_path)
    assert files_checked(paths, shot, project) == (4 if paths[0] == paths[1] else 6)
    assert files_checked(paths, shot, Project(project.root)) == 0
    files = open_vectors(*paths, shot)
    files.back[1002].write_bytes(files.back[1003].read_bytes())
    os.utime(files.back[1002], (1, 1))
    assert files_checked(paths, shot, project) == 0  # the contents are known
    values = np.zeros(SIZE[::-1], np.float32)
    values[7, 11] = np.nan
    if make is flo:
        write_flo(files.back[1002], np.nan, 0)
    else:
        names = {blender: ("X", "Y", "Z", "W"), nuke: tuple(NUKE), two_channels: ("u", "v")}[make]
        write_exr(files.back[1002], names, [values] * len(names))
    for _ in range(2):
        with pytest.raises(FlowError, match=r"expected finite values, found nan at x \d+, y \d+; render the frame"):
            files_checked(paths, shot, project)
    files.back[1002].write_bytes(files.back[1003].read_bytes())
    assert files_checked(paths, shot, project) == 0  # results of the files before the bad one are kept


def test_vectors_that_leave_the_shot_are_not_checked(tmp_path, shot):
    paths = nuke(tmp_path)
    for number, names in ((1001, ("backward.u", "backward.v")), (1004, ("forward.u", "forward.v"))):
        values = [np.inf if name in names else value for name, value in NUKE.items()]
        write_exr(tmp_path / "vec" / f"v.{number}.exr", tuple(NUKE), values)
    assert files_checked(paths, shot, Project(tmp_path / "p.stylize")) == 4


def test_run_reports_a_bad_value_before_rendering(tmp_path, plates):
    paths = nuke(tmp_path)
    write_exr(tmp_path / "vec" / "v.1004.exr", tuple(NUKE), (0, 0, np.nan, 0))
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "1001.png", 255 - moving()[0])
    passed = []
    with pytest.raises(FlowError, match=r"v\.1004\.exr: expected finite values, found nan"):
        stylize.run(plates, keys=tmp_path / "keys", vectors=paths[0],
                    on_progress=lambda stage, done, total: passed.append((stage, done, total)))  # fmt: skip
    assert passed == [("vectors", n, 4) for n in (1, 2, 3)]


def test_frames_with_gaps_are_refused(tmp_path, plates):
    message = assert_refused(nuke(tmp_path), open_shot(plates, frames="1001-1003x2"))
    assert "frame 1001 is followed by 1003" in message


def test_cache_key_depends_on_the_files_used(tmp_path, shot):
    motion = VectorMotion(open_vectors(*flo(tmp_path), shot), lambda path: path.read_bytes().hex())
    before = motion.cache_key((1001, 1002)), motion.cache_key((1002, 1003, 1004))
    write_flo(tmp_path / "back" / "v_1004.flo", 1, 1)
    assert motion.cache_key((1001, 1002)) == before[0]
    assert motion.cache_key((1002, 1003, 1004)) != before[1]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"vectors": "a", "flow": "raft"}, "leave out --flow or --vectors"),
        ({"vectors": "a", "vectors_back": "b"}, "leave out --vectors or --vectors-back"),
        ({"vectors_back": "b"}, "give the other with --vectors-forward PATH"),
        ({"vectors_forward": "b"}, "give the other with --vectors-back PATH"),
        ({"flow_weights": "w.pth"}, "--flow-weights needs --flow raft"),
        ({"flow": "farneback"}, "one of dis, raft"),
    ],
)
def test_options_without_effect_are_refused(asked, message):
    with pytest.raises(SettingsError) as error:
        Settings(**asked)
    assert message in str(error.value)


# In a run


@pytest.mark.slow
def test_run_with_vectors_propagates_a_key_exactly_without_estimation(tmp_path, plates):
    folder_of(tmp_path / "painted", [255 - moving()[0]], FIRST)
    paths = dict(zip(("vectors_back", "vectors_forward"), flo(tmp_path), strict=True))
    result = stylize.run(plates, keys=tmp_path / "painted", **paths)
    assert not list((result.project / "flow").iterdir())
    made = stylize.media.images.read_image(result.frames[1004])
    # Where the key is visible, the result is the key moved by whole pixels.
    np.testing.assert_allclose(made[12:-6, 16:-8], 255 - moving()[3][12:-6, 16:-8], atol=3)
    assert stylize.run(plates, keys=tmp_path / "painted", **paths).redone == ()
    write_flo(tmp_path / "back" / "v_1003.flo", -3, -1)
    assert stylize.run(plates, keys=tmp_path / "painted", **paths).redone == (1002, 1003, 1004)


def test_missing_vectors_are_reported_before_any_work(tmp_path, plates):
    folder_of(tmp_path / "painted", [255 - moving()[0]], FIRST)
    paths = nuke(tmp_path)
    (tmp_path / "vec" / "v.1004.exr").unlink()
    with pytest.raises(FlowError, match="missing 1004"):
        stylize.run(plates, keys=tmp_path / "painted", vectors=paths[0])
    assert not (tmp_path / "plates.stylize").exists()


def test_movie_of_vectors_is_refused_with_what_to_give(tmp_path):
    movie = write_movie(tmp_path / "v.mov", [moving(1)[0]] * 2)
    write_image(tmp_path / "p.1001.png", moving(1)[0])
    with pytest.raises(FlowError, match=r"v\.mov: expected numbered files \(\.exr \.flo\), found a \.mov; give a fol"):
        open_vectors(movie, movie, open_shot(tmp_path / "p.1001.png"))

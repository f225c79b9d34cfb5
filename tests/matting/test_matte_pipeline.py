"""``stylize matte``: output, regeneration, and refusals."""

import numpy as np
import pytest

import stylize
from stylize.errors import FrameRangeError, MatteError, OutputError, SettingsError
from stylize.matting.matte_pipeline import CONFIDENCE, make_mattes
from stylize.media.images import quantise, read_image, read_values, write_image
from stylize.settings import MatteSettings
from tests.clips import write_movie
from tests.composites import Motion, body, compose, footage, iou
from tests.test_cli import run_command

COUNT = 9


@pytest.fixture(scope="module")
def case():
    return compose(body(), Motion(lambda t: (90 + 2.5 * t, 56)), COUNT, seed=3, size=(200, 112))


@pytest.fixture
def plates(tmp_path, case):
    (tmp_path / "plates").mkdir()
    for number, pixels in enumerate(case.frames, 101):
        write_image(tmp_path / "plates" / f"p.{number}.png", pixels)
    return tmp_path / "plates"


def key(tmp_path, case, frame, dtype=np.uint8):
    path = tmp_path / f"painted.{frame}.png"
    write_image(path, quantise(case.alphas[frame - 101], dtype))
    return f"{frame}:{path}"


def make(plates, output, *keys, **more):
    return make_mattes(plates, MatteSettings(key=keys, output=str(output), **more))


def values(path):
    return read_values(path)[..., 0]


@pytest.mark.slow
def test_painted_matte_is_tracked_in_both_directions(tmp_path, plates, case):
    made = make(plates, tmp_path / "mattes/", key(tmp_path, case, 104))
    assert list(made.frames) == list(range(101, 101 + COUNT))
    assert made.redone == tuple(made.frames)
    for frame, path in made.frames.items():
        assert path == tmp_path / "mattes" / f"p.{frame}.png"
        assert read_image(path).dtype == np.uint16
        assert iou(values(path), case.alphas[frame - 101]) > 0.95
    np.testing.assert_array_equal(values(made.frames[104]), quantise(case.alphas[3], np.uint8) / np.float32(255))
    assert made.confidence[104] == 1
    lines = (tmp_path / "mattes" / CONFIDENCE).read_text().splitlines()
    assert lines[0] == "frame,confidence"
    assert lines[4] == "104,1.0000"
    assert len(lines) == COUNT + 1


@pytest.mark.slow
def test_added_painted_matte_regenerates_only_its_neighbourhood(tmp_path, plates, case):
    first = [key(tmp_path, case, 101), key(tmp_path, case, 105)]
    made = make(plates, tmp_path / "m/", *first)
    before = {frame: path.read_bytes() for frame, path in made.frames.items()}
    again = make(plates, tmp_path / "m/", *first)
    assert again.redone == ()
    assert again.confidence == made.confidence
    corrected = make(plates, tmp_path / "m/", *first, key(tmp_path, case, 107))
    assert corrected.redone == (106, 107, 108, 109)
    assert all(corrected.frames[frame].read_bytes() == before[frame] for frame in range(101, 106))


@pytest.mark.slow
def test_black_painted_matte_ends_the_subject_without_affecting_earlier_frames(tmp_path, plates, case):
    write_image(tmp_path / "black.png", np.zeros(case.alphas[0].shape, np.uint8))
    made = make(plates, tmp_path / "m/", key(tmp_path, case, 101), f"105:{tmp_path / 'black.png'}")
    assert values(made.frames[105]).max() == 0
    assert all(values(made.frames[frame]).max() == 0 for frame in made.frames if frame > 105)
    for frame in (102, 103):
        assert iou(values(made.frames[frame]), case.alphas[frame - 101]) > 0.9
    assert made.confidence[102] > 0.5


@pytest.mark.slow
def test_tracking_stops_at_a_cut_and_the_next_shot_is_reported(tmp_path, case):
    other = compose(body(), Motion(lambda t: (60 + 2 * t, 50)), COUNT, seed=9, size=(200, 112), ground=beyond(COUNT))
    (tmp_path / "plates").mkdir()
    for number, pixels in enumerate([*case.frames, *other.frames], 101):
        write_image(tmp_path / "plates" / f"p.{number}.png", pixels)
    messages = []
    settings = MatteSettings(key=(key(tmp_path, case, 103),), output=str(tmp_path / "m/"))
    made = stylize.make_mattes(tmp_path / "plates", settings, on_message=messages.append)
    first, last = 101 + COUNT, 100 + 2 * COUNT
    assert [line for line in messages if "shot" in line] == [
        f"frames {first} to {last}: a separate shot without a painted matte, so its mattes are black; paint one "
        f"of them (--key {first}:PICTURE)"
    ]
    for frame, path in made.frames.items():
        if frame < first:
            assert iou(values(path), case.alphas[frame - 101]) > 0.95
        else:
            assert not values(path).any()
            assert made.confidence[frame] == 0
    assert made.suggested_keyframes[0] == first
    # A painted matte after the cut is tracked there, and leaves the first shot unchanged.
    write_image(tmp_path / "other.png", quantise(other.alphas[4], np.uint8))
    settings = MatteSettings(
        key=(key(tmp_path, case, 103), f"{first + 4}:{tmp_path / 'other.png'}"), output=str(tmp_path / "m/")
    )
    messages.clear()
    again = stylize.make_mattes(tmp_path / "plates", settings, on_message=messages.append)
    assert messages == []
    assert again.redone == tuple(range(first, last + 1))
    assert min(iou(values(again.frames[first + n]), other.alphas[n]) for n in range(COUNT)) > 0.9


def beyond(count):
    """Background of another scene: inverted colours, upside down."""
    return [np.ascontiguousarray(255 - plate[::-1, :, ::-1]) for plate in footage((200, 112))[20 : 20 + count]]


@pytest.mark.slow
def test_changed_plate_regenerates_its_span(tmp_path, plates, case):
    keys = [key(tmp_path, case, 101), key(tmp_path, case, 105)]
    make(plates, tmp_path / "m/", *keys)
    write_image(plates / "p.103.png", 255 - case.frames[2])
    assert make(plates, tmp_path / "m/", *keys).redone == (102, 103, 104)


@pytest.mark.slow
def test_mattes_work_in_a_run_of_their_shot(tmp_path, plates, case):
    import stylize

    make(plates, tmp_path / "m/", key(tmp_path, case, 101))
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "101.png", 255 - case.frames[0])
    made = stylize.run(plates, keys=tmp_path / "keys", matte=tmp_path / "m", to_stage="propagate")
    for frame, path in made.frames.items():
        outside = values(tmp_path / "m" / f"p.{frame}.png") == 0
        np.testing.assert_array_equal(read_image(path)[outside], case.frames[frame - 101][outside])


@pytest.mark.slow
def test_movie_is_accepted_and_mattes_do_not_depend_on_threads(tmp_path, case):
    movie = write_movie(tmp_path / "shot.mkv", case.frames[:4])
    found = []
    for threads in (1, 2):
        made = make_mattes(
            movie,
            MatteSettings(
                key=(f"1:{key(tmp_path, case, 101).partition(':')[2]}",), output=f"{tmp_path}/m{threads}/",
                project=tmp_path / f"p{threads}.stylize", threads=threads,
            ),
        )  # fmt: skip
        found.append([path.read_bytes() for path in made.frames.values()])
    assert found[0] == found[1]


@pytest.mark.slow
def test_mismatched_inputs_are_refused_in_one_line(tmp_path, plates, case):
    good = key(tmp_path, case, 101)
    with pytest.raises(SettingsError, match=r"--key 40:mask\.png"):
        MatteSettings(output="m/")
    with pytest.raises(SettingsError, match="-o PATH"):
        MatteSettings(key=good)
    with pytest.raises(SettingsError, match=r"--key must be a frame and a picture, such as 40:mask\.png"):
        MatteSettings(key=("mask.png",), output="m/")
    with pytest.raises(SettingsError, match="two mattes for frame 101"):
        MatteSettings(key=(good, good), output="m/")
    with pytest.raises(FrameRangeError, match="no frame 7, the frames are 101-109"):
        make(plates, tmp_path / "m/", good.replace("101:", "7:"))
    with pytest.raises(MatteError, match="no such file"):
        make(plates, tmp_path / "m/", "101:none.png")
    write_image(tmp_path / "small.png", np.zeros((9, 9), np.uint8))
    with pytest.raises(MatteError, match=r"small\.png: expected 200x112 like the shot, found 9x9"):
        make(plates, tmp_path / "m/", f"101:{tmp_path / 'small.png'}")
    for output in ("m.mov", "m.####.exr"):
        with pytest.raises(SettingsError, match="mattes are written as pictures"):
            make(plates, tmp_path / output, good)
    for front in ("f.####.exr", "f.mov"):
        with pytest.raises(
            SettingsError, match=rf"^--foreground {front}: foregrounds are written as pictures"
        ) as error:
            make(plates, tmp_path / "m/", good, foreground=front)
        assert "matte" not in str(error.value)
    with pytest.raises(SettingsError, match=r"^--foreground f\.gif: movies are written as"):
        make(plates, tmp_path / "m/", good, foreground="f.gif")
    with pytest.raises(OutputError, match=r"is one of the input files|is the folder of the shot"):
        make(plates, plates, good)


@pytest.mark.slow
def test_foreign_files_are_not_overwritten(tmp_path, plates, case):
    (tmp_path / "m").mkdir()
    for name in (CONFIDENCE, "p.103.png"):
        (tmp_path / "m" / name).write_bytes(b"precious")
        with pytest.raises(OutputError, match=r"already exists.*--overwrite"):
            make(plates, tmp_path / "m", key(tmp_path, case, 101))
        (tmp_path / "m" / name).unlink()
    (tmp_path / "m" / "p.103.png").write_bytes(b"old")
    assert len(make(plates, tmp_path / "m", key(tmp_path, case, 101), overwrite=True).redone) == COUNT


@pytest.mark.slow
def test_command_reports_its_output(capfd, tmp_path, plates, case):
    code, out, err = run_command(capfd, "matte", plates, "--key", key(tmp_path, case, 101), "-o", f"{tmp_path}/m/")
    assert (code, err) == (0, "")
    assert f"mattes: {COUNT} made, 0 reused" in out
    assert f"wrote: {tmp_path}/m" in out
    code, out, err = run_command(capfd, "matte", plates, "-o", f"{tmp_path}/m/")
    assert (code, out) == (2, "")
    assert err.startswith("stylize: no source is given for the matte")
    assert "--key FRAME:PICTURE" in run_command(capfd, "matte", "--help-all")[1]

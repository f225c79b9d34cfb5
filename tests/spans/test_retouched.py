"""Retouched frames are kept, used and reported until they are deleted."""

import re

import cv2
import numpy as np
import pytest

import stylize
from stylize.errors import InputError
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from stylize.project import Project
from stylize.spans.frame_files import write_frame
from stylize.spans.span_job import FinishedFrame
from tests.clips import write_movie
from tests.sliding import SIZE, folder_of, picture, scene

FRAMES = 6
KEPT = "{}/: frames {} were changed by hand and are kept; delete a file to regenerate it"


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", scene(FRAMES))


@pytest.fixture
def keys(tmp_path):
    return painted_keys(tmp_path / "keys", 0)


def painted_keys(folder, value):
    folder.mkdir()
    for number in (1, FRAMES):
        write_image(folder / f"{number}.png", (255 - scene(FRAMES)[number - 1]) // 2 + value)
    return folder


def retouch(path, value=255):
    """Paint a square in the middle."""
    pixels = read_image(path).copy()
    pixels[10:20, 20:40, :3] = value
    write_image(path, pixels)
    return path.read_bytes()


def contents(paths):
    return {path: path.read_bytes() for path in paths}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_retouched_frame_survives_changes_and_is_reported_once(plates, keys, jobs):
    first = stylize.run(plates, keys=keys, jobs=jobs)
    mine = {first.frames[n]: retouch(first.frames[n]) for n in (1, 3, 4)}
    for changes in ({}, {"boil": 0.2}, {"boil": 0.3, "overwrite": True}, {"keyframes": (2, FRAMES), "keys": None}):
        messages = []
        given = {"keys": keys, "jobs": jobs, "on_message": messages.append} | changes
        if "keyframes" in changes:
            given["style"] = keys / "1.png"
        again = stylize.run(plates, **given)
        assert contents(mine) == mine
        assert messages.count(KEPT.format("out", "1, 3-4")) == 1
        assert not set(again.redone) & {1, 3, 4}
        if changes:
            assert set(again.redone) == {2, 5, 6}


@pytest.mark.slow
def test_deleted_retouched_frame_is_regenerated_bit_identically(plates, keys):
    first = stylize.run(plates, keys=keys)
    made = contents(first.frames.values())
    retouch(first.frames[3])
    stylize.run(plates, keys=keys)
    first.frames[3].unlink()
    assert stylize.run(plates, keys=keys).redone == (3,)
    assert contents(first.frames.values()) == made


@pytest.mark.slow
def test_retouched_frame_is_delivered(plates, keys, tmp_path):
    given = {"keys": keys, "output": f"{tmp_path}/to/c.####.png", "export": ("foreground", "fcpxml")}
    matte = tmp_path / "m.png"
    write_image(matte, picture(255) * (np.arange(SIZE[0]) < 50)[None, :, None].astype(np.uint8))
    first = stylize.run(plates, **given, matte=matte)
    sheet = (first.project / "contact_sheet.png").read_bytes()
    mine = retouch(first.frames[3])
    stylize.run(plates, **given, matte=matte)
    assert (tmp_path / "to/c.0003.png").read_bytes() == mine
    cut = read_image(tmp_path / "to/plate_foreground/plate_foreground.0003.png")
    assert (cut[10:20, 20:40] == 255).all()
    assert (first.project / "contact_sheet.png").read_bytes() != sheet
    movie = [pixels for _, pixels in read_frames(open_shot(tmp_path / "to/plate_stylized.mov"))]
    assert movie[2][12:18, 25:35].min() > 245


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda path: write_image(path, cv2.resize(read_image(path), (32, 18))), "32x18, 8 bits, without alpha"),
        (lambda path: write_image(path, read_image(path).astype(np.uint16) * 257), "64x36, 16 bits, without alpha"),
        (lambda path: write_image(path, np.dstack([read_image(path), picture(9)[..., 0]])), "64x36, 8 bits, with alp"),
        (lambda path: path.write_bytes(path.read_bytes()[:900]), r"was changed and cannot be read \(.*truncated"),
    ],
)
def test_mismatched_retouched_frame_is_named_and_kept(plates, keys, spoil, found):
    first = stylize.run(plates, keys=keys)
    spoil(first.frames[3])
    mine = first.frames[3].read_bytes()
    for more in ({}, {"from_stage": "export"}, {"overwrite": True}):
        with pytest.raises(InputError, match=rf"out/plate\.0003\.png .*{found}.*delete it to regenerate it"):
            stylize.run(plates, keys=keys, **more)
    assert first.frames[3].read_bytes() == mine


@pytest.mark.slow
@pytest.mark.parametrize("name", ["error", "mix", "look"])
def test_edited_pass_is_kept(plates, keys, tmp_path, name):
    write_image(tmp_path / "m.png", picture(99))
    given = {"keys": keys, "matte": tmp_path / "m.png"}
    first = stylize.run(plates, **given)
    files = [first.project / f"passes/{name}/plate.000{n}.png" for n in (2, 4)]
    for path in files:
        write_image(path, read_image(path) // 2 + np.ones((), read_image(path).dtype))
    mine, messages = contents(files), []
    stylize.run(plates, **given, boil=0.3, on_message=messages.append)
    assert contents(files) == mine
    assert KEPT.format(f"passes/{name}", "2, 4") in messages


@pytest.mark.slow
def test_edited_plate_is_used_and_damaged_plate_is_unpacked_again(tmp_path, keys):
    movie = write_movie(tmp_path / "plate.mov", scene(FRAMES))
    first, messages = stylize.run(movie, keys=keys), []
    video = first.project / "video"
    whole = (video / "plate.0002.png").read_bytes()
    (video / "plate.0002.png").write_bytes(whole[:900])
    mine = retouch(video / "plate.0004.png")
    stylize.run(movie, keys=keys, on_message=messages.append)
    assert (video / "plate.0004.png").read_bytes() == mine
    assert (video / "plate.0002.png").read_bytes() == whole
    assert f"2 in {video}: damaged and unpacked again" in messages
    assert [text for text in messages if text.startswith(f"4 in {video}: changed by hand and used unchanged; delete")]
    write_image(video / "plate.0004.png", picture(0)[:10])
    with pytest.raises(InputError, match=r"video/plate\.0004\.png was changed by hand and is 64x10"):
        stylize.run(movie, keys=keys)


@pytest.mark.slow
def test_frame_retouched_during_the_run_is_kept(tmp_path, plates, keys):
    first = stylize.run(plates, keys=keys, to_stage="propagate")
    mine = retouch(first.frames[3])
    finished = FinishedFrame(3, picture(1), np.zeros(SIZE[::-1], np.float32))
    write_frame(first.project, open_shot(plates), finished, "key", Project(first.project))
    assert first.frames[3].read_bytes() == mine


# Layers


@pytest.fixture
def layered(tmp_path, plates):
    """A shot of two layers whose soft mattes overlap."""
    ramp = np.clip((38 - np.arange(SIZE[0])) / 12, 0, 1)[None].repeat(SIZE[1], axis=0)
    for name, matte in (("low", np.ones_like(ramp)), ("top", ramp)):
        write_image(tmp_path / f"{name}.png", np.round(matte * 200).astype(np.uint8))
    layers = [
        {"matte": tmp_path / "low.png", "keys": painted_keys(tmp_path / "dark", 0)},
        {"matte": tmp_path / "top.png", "keys": painted_keys(tmp_path / "bright", 120)},
    ]
    return {"layers": layers, "output": f"{tmp_path}/to/c.####.png"}


@pytest.mark.slow
def test_retouched_frame_of_a_layer_is_composited(plates, layered):
    first, messages = stylize.run(plates, **layered), []
    before = {n: read_image(path) for n, path in first.frames.items()}
    lower, upper = (first.project / f"layers/{name}/out/plate.0003.png" for name in (1, 2))
    mine = retouch(upper)
    again = stylize.run(plates, **layered, on_message=messages.append)
    assert again.redone == (3,)
    assert upper.read_bytes() == mine
    assert "layer 2: out/: frame 3 was changed by hand and is kept; delete a file to regenerate it" in messages
    after = read_image(again.frames[3])
    assert (after[10:20, 20:40] == 255).all()
    outside = np.ones(after.shape[:2], bool)
    outside[10:20, 20:40] = False
    np.testing.assert_array_equal(after[outside], before[3][outside])
    upper.unlink()
    retouch(lower, 0)
    stylize.run(plates, **layered)
    below = read_image(again.frames[3])
    assert (below[10:20, 38:40] == 0).all()
    np.testing.assert_array_equal(below[outside], before[3][outside])


@pytest.mark.slow
def test_retouched_composite_overrides_its_layers(plates, layered, tmp_path):
    first, messages = stylize.run(plates, **layered), []
    retouch(first.project / "layers/2/out/plate.0003.png")
    mine = retouch(first.frames[3], 7)
    stylize.run(plates, **layered, on_message=messages.append)
    assert first.frames[3].read_bytes() == mine
    assert (tmp_path / "to/c.0003.png").read_bytes() == mine
    assert sum(bool(re.match(r"(layer 2: )?out/: frame 3 was changed", text)) for text in messages) == 2
    first.frames[3].unlink()
    again = stylize.run(plates, **layered)
    assert (read_image(again.frames[3])[10:20, 20:40] == 255).all()

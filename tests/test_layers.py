"""Several layers in one run: the composite, the work that layers share, and the work that is repeated."""

import time

import cv2
import numpy as np
import pytest

import stylize
from stylize.errors import MatteError, SettingsError, StyleError, StylizeError
from stylize.media.images import read_image, read_values, write_image
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests import forked_python
from tests.clips import write_movie
from tests.sliding import SIZE, folder_of, picture, scene, shot_of, to_16_bits

FRAMES = 5
# Where mattes are between 0 and 1.
LEFT = np.clip((38 - np.arange(SIZE[0])) / 12, 0, 1)[None].repeat(SIZE[1], axis=0)


def grey(values, deep=False):
    return np.round(values * (65535 if deep else 255)).astype(np.uint16 if deep else np.uint8)


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", scene(FRAMES))


@pytest.fixture
def left_matte(tmp_path):
    write_image(tmp_path / "left.png", grey(LEFT))
    return tmp_path / "left.png"


@pytest.fixture
def painted_keys(tmp_path):
    """Two folders of painted keys: one dark, one bright."""
    for name, value in (("dark", 30), ("bright", 220)):
        (tmp_path / name).mkdir()
        for number in (1, FRAMES):
            write_image(tmp_path / name / f"{number}.png", picture(value))
    return tmp_path


def two(painted_keys, left_matte, **more):
    return [
        {"matte": left_matte, "keys": painted_keys / "dark"},
        {"matte": f"{left_matte}:invert", "keys": painted_keys / "bright"} | more,
    ]


@pytest.mark.slow
def test_no_seam_where_soft_mattes_meet(plates, painted_keys, left_matte):
    """Equal looks over a textured plate: every pixel is bit-identical to the look."""
    layers = [
        {"matte": left_matte, "keys": painted_keys / "bright"},
        {"matte": left_matte, "matte_invert": True, "keys": painted_keys / "bright"},
    ]
    for path in stylize.run(plates, layers=layers).frames.values():
        assert (read_image(path) == 220).all()
    # And different looks blend linearly.
    result = stylize.run(plates, layers=two(painted_keys, left_matte))
    for path in result.frames.values():
        found = read_image(path).astype(float)
        np.testing.assert_allclose(found, np.dstack([30 * LEFT + 220 * (1 - LEFT)] * 3), atol=1)


@pytest.mark.slow
def test_later_layers_cover_earlier_ones(plates, painted_keys, left_matte, tmp_path):
    write_image(tmp_path / "top.png", grey((np.arange(SIZE[1])[:, None] < 9) * np.ones(SIZE[0])))
    base = {"keys": painted_keys / "dark"}  # without a matte it covers all
    above = {"matte": tmp_path / "top.png", "keys": painted_keys / "bright"}
    for path in stylize.run(plates, layers=[base, above]).frames.values():
        found = read_image(path)
        assert (found[:9] == 220).all()
        assert (found[9:] == 30).all()


@pytest.mark.slow
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("kind", ["sequence", "movie"])
def test_plate_outside_all_mattes_is_bit_identical(tmp_path, painted_keys, kind, deep):
    shot = shot_of(tmp_path / "shot", kind, to_16_bits(scene(FRAMES)) if deep else scene(FRAMES))
    decoded = dict(read_frames(open_shot(shot)))
    masks = []
    for name, centre in (("a", 14), ("b", 30)):
        mask = np.zeros(SIZE[::-1], np.uint8)
        cv2.circle(mask, (centre, 18), 10, 255, -1, cv2.LINE_AA)
        write_image(tmp_path / f"{name}.png", mask)
        masks.append(mask)
    layers = [
        {"matte": tmp_path / "a.png", "keys": painted_keys / "dark"},
        {"matte": tmp_path / "b.png", "matte_feather": 4, "keys": painted_keys / "bright"},
    ]
    result = stylize.run(shot, layers=layers, to_stage="propagate")
    outside = (masks[0] == 0) & (cv2.dilate(masks[1], np.ones((5, 5), np.uint8)) == 0)
    assert 0.3 < outside.mean() < 0.9
    assert list(result.frames) == list(range(1, FRAMES + 1))
    for number, path in result.frames.items():
        found = read_image(path)
        assert found.dtype == decoded[number].dtype
        np.testing.assert_array_equal(found[outside], decoded[number][outside])
        inside = cv2.erode(masks[1], np.ones((5, 5), np.uint8)) == 255
        assert (found[inside] == (220 * 257 if deep else 220)).all()


@pytest.mark.slow
def test_single_layer_equals_a_run_with_that_matte(plates, painted_keys, left_matte, tmp_path):
    alone = stylize.run(plates, keys=painted_keys / "dark", matte=left_matte, project=tmp_path / "a.stylize")
    layered = stylize.run(
        plates, layers=[{"keys": painted_keys / "dark", "matte": left_matte}], project=tmp_path / "b.stylize"
    )
    for number, path in alone.frames.items():
        np.testing.assert_array_equal(read_image(path), read_image(layered.frames[number]))


@pytest.mark.slow
@pytest.mark.parametrize("deep", [False, True])
def test_frame_with_one_visible_layer_has_the_common_bit_depth(plates, painted_keys, left_matte, tmp_path, deep):
    """The other layer is visible in the last frame only."""
    (tmp_path / "late").mkdir()
    for number in range(1, FRAMES + 1):
        write_image(tmp_path / "late" / f"{number}.png", grey(LEFT[:, ::-1] if number == FRAMES else 0 * LEFT))
    if deep:
        for number in (1, FRAMES):
            write_image(tmp_path / "bright" / f"{number}.png", picture(220).astype(np.uint16) * 257)
    layers = [
        {"matte": left_matte, "keys": painted_keys / "dark"},
        {"matte": tmp_path / "late", "keys": painted_keys / "bright"},
    ]
    found = stylize.run(plates, layers=layers, project=tmp_path / "a.stylize", to_stage="propagate").frames
    alone = stylize.run(
        plates, keys=painted_keys / "dark", matte=left_matte, project=tmp_path / "b.stylize", to_stage="propagate"
    )
    for number, path in found.items():
        made, expected = read_image(path), read_image(alone.frames[number])
        assert made.dtype == (np.uint16 if deep else np.uint8)
        if number < FRAMES:
            np.testing.assert_allclose(made.astype(float) / (257 if deep else 1), expected, atol=0.5 if deep else 0)
        else:
            assert (made[:, -1] == (220 * 257 if deep else 220)).all()


@pytest.mark.slow
def test_alpha_of_the_shot_is_kept_and_usable_as_a_layer_matte(tmp_path, painted_keys):
    veil = np.zeros((*SIZE[::-1], 1), np.uint8)
    veil[10:20, 20:40] = 255
    shot = folder_of(tmp_path / "cut", [np.dstack([one, veil]) for one in scene(FRAMES)])
    layers = [{"matte": "alpha", "keys": painted_keys / "dark"}]
    for number, path in stylize.run(shot, layers=layers).frames.items():
        found = read_image(path)
        np.testing.assert_array_equal(found[..., 3:], veil)
        np.testing.assert_array_equal(found[veil[..., 0] == 0, :3], scene(FRAMES)[number - 1][veil[..., 0] == 0])
        assert (found[veil[..., 0] > 0, :3] == 30).all()


@pytest.mark.slow
def test_layers_of_different_bit_depth_give_frames_of_one_depth(plates, painted_keys, left_matte, tmp_path):
    """The 16-bit layer is visible in some of the frames only."""
    (tmp_path / "deep").mkdir()
    write_image(tmp_path / "deep" / "1.png", picture(0).astype(np.uint16) + 1234)
    masks = [np.full(SIZE[::-1], 255 * (number < 2), np.uint8) for number in range(FRAMES)]
    layers = [
        {"matte": left_matte, "keys": painted_keys / "dark"},
        {"matte": folder_of(tmp_path / "masks", masks), "keys": tmp_path / "deep"},
    ]
    found = {number: read_image(path) for number, path in stylize.run(plates, layers=layers).frames.items()}
    assert {one.dtype for one in found.values()} == {np.dtype(np.uint16)}
    assert all((found[number] == 1234).all() for number in (1, 2))
    for number in (3, 4, 5):
        assert (found[number][LEFT == 1] == 30 * 257).all()
        np.testing.assert_array_equal(found[number][LEFT == 0] // 257, scene(FRAMES)[number - 1][LEFT == 0])


# Shared and repeated work


@pytest.mark.slow
def test_plates_and_motion_are_computed_once_for_all_layers(tmp_path, painted_keys, left_matte, monkeypatch):
    from propagate.flow_dis import DisFlow

    pairs, unpacked = [], []
    flow, write = DisFlow.__call__, write_image

    def counted(self, source, target):
        if self.preset == DisFlow().preset:
            pairs.append(source.shape)
        return flow(self, source, target)

    def noted(path, *rest, **more):
        unpacked.append(path)
        write(path, *rest, **more)

    monkeypatch.setattr(DisFlow, "__call__", counted)
    monkeypatch.setattr("stylize.media.plates.write_image", noted)
    movie = write_movie(tmp_path / "shot.mkv", scene(FRAMES))
    third = {"matte": left_matte, "matte_shrink": 4, "keys": painted_keys / "dark"}
    result = stylize.run(movie, layers=[*two(painted_keys, left_matte), third], threads=1)
    assert pairs == [(*SIZE[::-1], 3)] * 2 * (FRAMES - 1)
    assert len(unpacked) == FRAMES
    assert {path.name for path in (result.project / "layers").iterdir()} == {"1", "2", "3"}
    assert not (result.project / "layers" / "1" / "flow").exists()
    assert len(list((result.project / "flow").iterdir())) == FRAMES - 1


@pytest.mark.slow
def test_only_the_changed_layer_is_regenerated(plates, painted_keys, left_matte, tmp_path):
    write_image(tmp_path / "ref.png", np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8))
    layers = [
        {"matte": left_matte, "keys": painted_keys / "dark"},
        {"name": "rest", "matte": f"{left_matte}:invert", "style": tmp_path / "ref.png", "keyframes": (1, FRAMES)},
    ]
    first = stylize.run(plates, layers=layers)
    assert [layer.redone for layer in first.layers] == [(1, 2, 3, 4, 5)] * 2
    assert first.layers[1].rendered == first.rendered == (1, FRAMES)
    again = stylize.run(plates, layers=layers)
    assert (again.redone, [layer.redone for layer in again.layers], again.rendered) == ((), [(), ()], ())
    # A painted key in the layer's own folder.
    write_image(first.project / "layers" / "rest" / "keys" / "mine 3.png", picture(90))
    keyed = stylize.run(plates, layers=layers)
    assert [layer.redone for layer in keyed.layers] == [(), (2, 3, 4)]
    assert keyed.layers[1].painted == (3,)
    assert keyed.rendered == ()
    assert (read_image(keyed.frames[3])[:, 45:] == 90).all()
    assert keyed.redone == (2, 3, 4)
    # The combined matte of all layers depends on their mattes.
    layers[0]["matte_shrink"] = 3
    shrunk = stylize.run(plates, layers=layers)
    assert [layer.redone for layer in shrunk.layers] == [(1, 2, 3, 4, 5), ()]
    assert shrunk.redone == (1, 2, 3, 4, 5)


@pytest.mark.slow
def test_layered_project_resumes_from_its_folder(plates, painted_keys, left_matte):
    from stylize.pipeline import run
    from stylize.project import read_project

    project = stylize.run(plates, layers=two(painted_keys, left_matte), to_stage="render").project
    shot, settings = read_project(project)
    result = run(shot, settings, project)
    assert list(result.frames) == [1, 2, 3, 4, 5]
    bits = {number: path.read_bytes() for number, path in result.frames.items()}
    (project / "out" / "plates.0003.png").unlink(missing_ok=True)
    result.frames[3].unlink()
    (project / "layers" / "1" / "passes" / "look" / result.frames[2].name).unlink()
    regenerated = run(shot, settings, project)
    assert [layer.redone for layer in regenerated.layers] == [(2,), ()]
    assert {number: path.read_bytes() for number, path in regenerated.frames.items()} == bits


@pytest.mark.slow
def test_layers_give_the_same_bits_with_several_processes(plates, painted_keys, left_matte, tmp_path):
    one = stylize.run(plates, layers=two(painted_keys, left_matte), project=tmp_path / "a.stylize")
    other = stylize.run(plates, layers=two(painted_keys, left_matte), project=tmp_path / "b.stylize", jobs=2)
    assert [p.read_bytes() for p in one.frames.values()] == [p.read_bytes() for p in other.frames.values()]


@pytest.mark.slow
def test_ignored_keys_in_the_project_folder_are_reported(plates, painted_keys, left_matte):
    messages = []
    project = stylize.run(plates, layers=two(painted_keys, left_matte)).project
    write_image(project / "keys" / "mine 3.png", picture(90))
    stylize.run(plates, layers=two(painted_keys, left_matte), on_message=messages.append)
    assert any("not used with layers" in text for text in messages)


# Plans, reports, sheets


@pytest.mark.slow
def test_each_layer_has_a_plan_and_a_report(plates, painted_keys, left_matte, tmp_path):
    from stylize.pipeline import report

    write_image(tmp_path / "ref.png", np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8))
    layers = [{"style": tmp_path / "ref.png"}, {"name": "top", "matte": left_matte, "keys": painted_keys / "dark"}]
    planned = stylize.plan(plates, layers=layers)
    assert {path.relative_to(planned.project).as_posix() for path in planned.outputs} == {
        f"layers/{name}/{file}" for name in ("1", "top") for file in ("keys.csv", "plan.png")
    }
    assert [layer.name for layer in planned.layers] == ["1", "top"]
    assert [key.frame for key in planned.layers[1].shots[0].keyframes] == [1, FRAMES]
    result = stylize.run(plates, layers=layers, export="passes,otio", output=f"{tmp_path}/o/")
    assert read_image(result.project / "contact_sheet.png").shape[0] > 0
    paths = report(result.project)
    assert {path.relative_to(result.project).as_posix() for path in paths} == {
        f"{folder}report.{kind}" for folder in ("", "layers/1/", "layers/top/") for kind in ("html", "json")
    }


# Bad input, and trivial layers


def flat(path, value, size=SIZE):
    write_image(path, np.full(size[::-1], value, np.uint8))
    return path


@pytest.mark.slow
def test_empty_matte_is_reported_and_leaves_the_other_layers(plates, painted_keys, left_matte, tmp_path):
    messages = []
    nothing = {"name": "none", "matte": flat(tmp_path / "black.png", 0), "keys": painted_keys / "bright"}
    with_it = stylize.run(
        plates,
        layers=[two(painted_keys, left_matte)[0], nothing],
        project=tmp_path / "a.stylize",
        on_message=messages.append,
    )
    without = stylize.run(plates, layers=two(painted_keys, left_matte)[:1], project=tmp_path / "b.stylize")
    for number, path in without.frames.items():
        np.testing.assert_array_equal(read_image(path), read_image(with_it.frames[number]))
    assert any(text.startswith("layer none: the matte is black in all frames") for text in messages)
    only = stylize.run(plates, layers=[nothing], project=tmp_path / "c.stylize")
    for number, path in only.frames.items():
        np.testing.assert_array_equal(read_image(path), scene(FRAMES)[number - 1])


@pytest.mark.slow
def test_full_matte_on_top_hides_lower_layers(plates, painted_keys, left_matte, tmp_path):
    layers = [
        two(painted_keys, left_matte)[0],
        {"matte": flat(tmp_path / "white.png", 255), "keys": painted_keys / "bright"},
    ]
    for path in stylize.run(plates, layers=layers).frames.values():
        assert (read_image(path) == 220).all()


@pytest.mark.parametrize(
    ("layer", "kind", "message"),
    [
        ({"matte": "gone.png", "keys": "dark"}, MatteError, "layer 2: matte gone.png: no such file"),
        (
            {"matte": "small.png", "keys": "dark"},
            MatteError,
            r"layer 2: matte .*small.png: expected 64x36 like the shot",
        ),
        ({"matte": "left.png", "style": "gone.png"}, StyleError, "layer 2: the reference cannot be used.*gone.png"),
        ({"matte": "left.png", "keys": "none"}, StylizeError, "layer 2: --keys must be a folder"),
        ({"matte": "left.png"}, SettingsError, "layer 2: no look is given"),
        ({"matte": "alpha", "keys": "dark"}, MatteError, "layer 2: matte alpha: .* has no alpha"),
        ({"matte": "left.png", "keys": "dark", "add_key": "99"}, StylizeError, "layer 2: .*99"),
    ],
)
def test_error_in_a_layer_names_the_layer(
    plates, painted_keys, left_matte, tmp_path, monkeypatch, layer, kind, message
):
    monkeypatch.chdir(tmp_path)
    flat(tmp_path / "small.png", 255, (32, 18))
    with pytest.raises(kind, match=message) as error:
        stylize.run(plates, layers=[two(painted_keys, left_matte)[0], layer])
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "plates.stylize").glob("out/*"))


@pytest.mark.slow
def test_combined_matte_is_kept(plates, painted_keys, left_matte):
    result = stylize.run(plates, layers=two(painted_keys, left_matte)[:1])
    path = next((result.project / "mask" / "layers").iterdir())
    np.testing.assert_allclose(read_values(path)[..., 0], grey(LEFT) / np.float32(255), atol=1e-5)


@pytest.mark.slow
def test_matte_movie_is_unpacked_once(tmp_path, plates, painted_keys):
    grown = [np.repeat(grey(np.roll(LEFT, n, axis=1))[..., None], 3, axis=2) for n in range(FRAMES)]
    movie = write_movie(tmp_path / "matte.mkv", grown)
    result = stylize.run(plates, layers=two(painted_keys, movie))
    folders = [path for path in (result.project / "mask").iterdir() if path.name != "layers"]
    assert len(folders) == 1
    assert len(list(folders[0].iterdir())) == FRAMES
    assert not list((result.project / "layers").glob("*/mask"))
    # Files that no layer uses any more are removed; those in use are kept.
    stylize.run(plates, layers=two(painted_keys, movie)[1:])
    assert folders[0].is_dir()
    stylize.run(plates, layers=[{"keys": painted_keys / "dark"}])
    assert not folders[0].exists()


@pytest.mark.slow
def test_killed_layered_run_resumes_to_the_same_bits(tmp_path, plates, painted_keys, left_matte):
    words = [
        f"matte={left_matte},keys={painted_keys / 'dark'}",
        f"name=b,matte={left_matte}:invert,keys={painted_keys / 'bright'}",
    ]
    whole = stylize.run(plates, layers=words, project=tmp_path / "whole.stylize")
    for mark in ("layers/1/out/*.png", "layers/b/state/span.*.jsonl", "out/*.png"):
        project = tmp_path / f"{len(mark)}.stylize"
        run = command(plates, "--layer", words[0], "--layer", words[1], "--project", project)
        while run.poll() is None and not list(project.glob(mark)):
            time.sleep(0.005)
        run.kill()
        run.communicate(timeout=60)
        again = command(project)
        _, stderr = again.communicate(timeout=200)
        assert again.returncode == 0, stderr
        for number, path in whole.frames.items():
            assert (project / "out" / path.name).read_bytes() == path.read_bytes(), (mark, number)


def command(*words):
    return forked_python.Program(["-m", "cli", *words])


@pytest.mark.slow
def test_command_reports_each_layer(plates, painted_keys, left_matte, capfd):
    import cli

    words = [
        "--layer",
        f"matte={left_matte},keys={painted_keys / 'dark'}",
        "--layer",
        f"name=top,keys={painted_keys / 'bright'}",
    ]
    with pytest.raises(SystemExit, match="2"):
        cli.main([str(plates), *words])
    assert capfd.readouterr().err == (
        "stylize: --layer top has no matte and would hide all layers before it; give it one with matte=PATH, "
        "or put it first\n"
    )
    words[-1] += f",matte={left_matte}:invert"
    cli.main([str(plates), *words, "--overwrite"])
    out = capfd.readouterr().out
    assert [line for line in out.splitlines() if line.startswith(("layer", "keyframes", "frames"))][:4] == [
        "layer 1:", "keyframes: 0 rendered, 2 painted, 0 reused", "layer top:",
        "keyframes: 0 rendered, 2 painted, 0 reused",
    ]  # fmt: skip
    assert "frames: 5 made, 0 reused" in out
    cli.main(["plan", str(plates.with_name("plates.stylize"))])
    out = capfd.readouterr().out
    assert "layer top:" in out
    assert "5 frames, 1 shot, 4 keyframes" in out


@pytest.mark.slow
def test_run_on_a_frame_range_keeps_the_other_frames(plates, painted_keys, left_matte):
    whole = stylize.run(plates, layers=two(painted_keys, left_matte))
    part = stylize.run(plates, layers=two(painted_keys, left_matte), frames="1-3", keyframes="1")
    assert list(part.frames) == [1, 2, 3]
    assert all(path.is_file() for path in whole.frames.values())

"""The command on real footage, from its words to the files it leaves."""

import re
import subprocess
import sys
import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import stylize
from stylize.media.images import read_image, write_image
from tests.clips import write_movie
from tests.command.words import EXAMPLES, audio_packets, bunny, command, digests, sequence, streams


def test_a_movie_and_a_reference_become_frames_a_movie_and_a_sheet(movie, style):
    done = command(movie, "--style", style)
    project = movie.with_name("shot.stylize")
    assert list(digests(project / "out")) == [f"shot.{n:04d}.png" for n in range(1, 9)]
    times, rate, tags = streams(project / "export" / "shot.mp4")
    assert len(times) == 8
    assert rate == Fraction(24000, 1001)
    assert tags == (1, 1, 1, 1)  # bt709 throughout, limited range
    assert audio_packets(project / "export" / "shot.mp4") == audio_packets(movie)
    assert read_image(project / "contact_sheet.png").shape[2] == 3
    assert re.search(r"^  keyframe \d+: \w+", done.stdout, re.M)
    assert "8 made, 0 reused" in done.stdout
    assert done.stderr == ""


def test_the_python_api_does_the_same_in_three_lines(movie, style):
    result = stylize.run(movie, style=style)
    assert list(result.frames) == list(range(1, 9))
    again = stylize.run(movie, style=style)
    assert again.redone == ()
    assert again.rendered == ()


def test_a_sequence_keeps_its_numbers_and_a_pattern_is_written_as_asked(tmp_path, style):
    folder = sequence(tmp_path / "plates", bunny(6))
    command(folder, "--style", style, "-o", tmp_path / "comp" / "look.####.tif")
    assert sorted(p.name for p in (tmp_path / "comp").iterdir()) == [f"look.{n}.tif" for n in range(1001, 1007)]
    assert all(read_image(p).shape == (54, 96, 3) for p in (tmp_path / "comp").iterdir())


def test_no_style_crosses_a_cut(tmp_path, style):
    pictures = [*bunny(6), *[np.roll(255 - p, 30, axis=1) for p in bunny(6, 40)]]
    path = write_movie(tmp_path / "two.mp4", pictures)
    result = stylize.run(path, style=style)
    assert [(shot.frames[0], shot.frames[-1]) for shot in result.shots] == [(1, 6), (7, 12)]
    alone = stylize.run(write_movie(tmp_path / "one.mp4", pictures[:6]), style=style)
    assert [read_image(result.frames[n]).tobytes() for n in range(1, 7)] == [
        read_image(alone.frames[n]).tobytes() for n in range(1, 7)
    ]
    assert len(stylize.run(path, style=style, split=False).shots) == 1


def test_a_moving_camera_and_an_occluder_come_out_whole(tmp_path, style):
    wide = cv2.resize(bunny(1, 20, (640, 360))[0], (240, 135))
    pictures = []
    for n in range(10):
        plate = wide[40:94, 6 * n : 6 * n + 96].copy()
        plate[10:40, 80 - 8 * n : 100 - 8 * n] = (200, 30, 30)
        pictures.append(plate)
    result = stylize.run(write_movie(tmp_path / "pan.mp4", pictures), style=style)
    assert len(result.frames) == 10
    assert all(read_image(p).std() > 5 for p in result.frames.values())


def test_painted_keys_come_out_exactly_and_need_no_style(tmp_path):
    pictures = bunny(7)
    folder = sequence(tmp_path / "plates", pictures)
    keys = tmp_path / "painted"
    keys.mkdir()
    for n in (0, 6):
        write_image(keys / f"my_key_{1001 + n}.png", 255 - pictures[n])
    out = tmp_path / "out"
    command(folder, "--keys", keys, "-o", out)
    names = sorted(out.iterdir())
    assert len(names) == 7
    np.testing.assert_array_equal(read_image(names[0]), 255 - pictures[0])
    np.testing.assert_array_equal(read_image(names[6]), 255 - pictures[6])
    middle = read_image(names[3]).astype(float)
    truth = 255 - pictures[3].astype(float)
    copied = 255 - pictures[0].astype(float)
    assert ((middle - truth) ** 2).mean() < 0.5 * ((copied - truth) ** 2).mean()


@pytest.mark.parametrize("threads", [2, 4])
def test_bits_do_not_depend_on_threads(tmp_path, movie, style, threads):
    one = stylize.run(movie, style=style, project=tmp_path / "one.stylize", threads=1, keyframes=(1, 8))
    other = stylize.run(movie, style=style, project=tmp_path / "other.stylize", threads=threads, keyframes=(1, 8))
    assert digests(one.project / "out") == digests(other.project / "out")
    assert digests(one.project / "keys") == digests(other.project / "keys")


def test_plan_renders_nothing_and_gives_reasons(movie):
    done = command("plan", movie)
    assert re.search(r"^ +\d  00:00:00:0\d +\d+\.\d%  shows the most of the shot$", done.stdout, re.M)
    assert "plan.png" in done.stdout
    assert "8 frames, 1 shot," in done.stdout
    assert not digests(movie.with_name("shot.stylize") / "keys")


def test_a_plan_is_edited_and_given_back(movie, style):
    command("plan", movie)
    project = movie.with_name("shot.stylize")
    sheet = project / "keys.csv"
    rows = sheet.read_text().splitlines()
    assert len(rows) == 9
    rows[5] = rows[5].replace(",,", ",x,")
    sheet.write_text("\n".join(rows))
    done = command(movie, "--style", style, "--keyframes", sheet, "--to", "render")
    assert "keyframe 5: marked in keys.csv" in done.stdout
    assert len(digests(project / "keys")) == 2
    rows[5] = rows[5].replace(",x,", ",perhaps,")
    sheet.write_text("\n".join(rows))
    wrong = command(project, check=False)
    assert wrong.returncode == 1
    assert f"{sheet}, line 6, column key: expected x or 1" in wrong.stderr
    assert wrong.stderr.count("\n") == 1


def test_variable_frame_rate_keeps_its_time_stamps(tmp_path, style):
    stamps = [0, 1, 3, 4, 8, 9]
    path = write_movie(tmp_path / "vfr.mp4", bunny(6), stamps=stamps, time_base=Fraction(1, 24), rate=Fraction(24))
    result = stylize.run(path, style=style)
    times, _, _ = streams(result.outputs[0])
    assert times == [Fraction(stamp, 24) for stamp in stamps]


def test_a_deep_source_gives_deep_frames(tmp_path, style):
    deep = [p.astype(np.uint16) * 257 for p in bunny(3)]
    result = stylize.run(sequence(tmp_path / "deep", deep), style=style)
    assert {read_image(p).dtype for p in result.frames.values()} == {np.dtype(np.uint16)}


def test_the_plates_alpha_comes_through(tmp_path, style):
    draw = np.random.default_rng(0)
    pictures = [np.dstack([p, draw.integers(0, 256, p.shape[:2], np.uint8)]) for p in bunny(3)]
    result = stylize.run(sequence(tmp_path / "cut out", pictures), style=style)
    for number, path in result.frames.items():
        np.testing.assert_array_equal(read_image(path)[..., 3], pictures[number - 1001][..., 3])


@pytest.mark.parametrize("invert", [False, True])
def test_outside_the_matte_the_plate_is_untouched_to_the_bit(tmp_path, style, invert):
    pictures = bunny(4)
    folder = sequence(tmp_path / "plates", pictures)
    matte = np.zeros((54, 96, 3), np.uint8)
    matte[10:40, 20:60] = 255
    write_image(tmp_path / "matte.png", matte)
    result = stylize.run(folder, style=style, matte=tmp_path / "matte.png", matte_invert=invert)
    outside = (matte[..., 0] == 0) != invert
    for number, path in result.frames.items():
        made = read_image(path)
        np.testing.assert_array_equal(made[outside], pictures[number - 1001][outside])
        assert (made[~outside] != pictures[number - 1001][~outside]).mean() > 0.3


@pytest.mark.parametrize("pictures", [bunny(1), [np.zeros((54, 96, 3), np.uint8)] * 5, bunny(1) * 5])
def test_one_frame_all_black_and_perfectly_still_shots_take_one_key(tmp_path, style, pictures):
    result = stylize.run(sequence(tmp_path / "shot", pictures), style=style)
    assert len(result.shots[0].keyframes) == 1
    assert len(result.frames) == len(pictures)


def test_odd_sizes_work(tmp_path, style):
    result = stylize.run(sequence(tmp_path / "odd", bunny(3, size=(97, 55))), style=style)
    with av.open(str(result.outputs[0])) as made:
        assert (made.streams.video[0].width, made.streams.video[0].height) == (97, 55)


def test_a_part_of_the_shot(tmp_path, style):
    folder = sequence(tmp_path / "plates", bunny(8))
    assert list(stylize.run(folder, style=style, frames="1002-1008x2").frames) == [1002, 1004, 1006, 1008]


def test_help_is_quick_and_leads_with_what_matters():
    command("--help")
    best = min(_seconds("--help") for _ in range(3))
    bare = min(_seconds(None) for _ in range(3))
    shown = command("--help").stdout
    assert shown.index("--style") < shown.index("--keyframes") < shown.index("--coverage")
    # Ten bare interpreters would be half a second even on a slow machine; no heavy import hides in the help.
    assert best < 10 * bare
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, cli; print(*sys.modules)"], capture_output=True, text=True, check=True,
        cwd=EXAMPLES.parent,
    ).stdout.split()  # fmt: skip
    assert not {"numpy", "cv2", "av", "numba", "OpenImageIO", "torch", "scenedetect"} & set(loaded)


def _seconds(word):
    started = time.perf_counter()
    code = ["-m", "cli", word] if word else ["-c", "pass"]
    subprocess.run([sys.executable, *code], capture_output=True, check=True, cwd=EXAMPLES.parent)
    return time.perf_counter() - started

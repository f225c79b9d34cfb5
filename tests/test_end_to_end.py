"""The command on real footage, from its words to the files it leaves."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import stylize
from stylize.errors import OutputError, PaintedKeyError, ShotError, StyleError
from stylize.footage.images import read_image, write_image
from tests.clips import write_movie

EXAMPLES = Path(__file__).parents[1] / "examples"
SIZE = (96, 54)


def bunny(count, first=0, size=SIZE):
    with av.open(str(EXAMPLES / "bunny.mp4")) as movie:
        frames = [
            f.to_ndarray(format="rgb24") for n, f in enumerate(movie.decode(video=0)) if first <= n < first + count
        ]
    return [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]


@pytest.fixture(scope="module")
def style(tmp_path_factory):
    path = tmp_path_factory.mktemp("style") / "ref.png"
    write_image(path, np.ascontiguousarray(cv2.resize(read_image(EXAMPLES / "oil.png"), (160, 120))))
    return path


@pytest.fixture
def movie(tmp_path):
    return write_movie(tmp_path / "shot.mp4", bunny(8), audio=True)


def command(*words, check=True, **more):
    done = subprocess.run([sys.executable, "-m", "cli", *map(str, words)], capture_output=True, text=True, check=False,
                          timeout=300, cwd=EXAMPLES.parent, **more)  # fmt: skip
    if check:
        assert done.returncode == 0, done.stderr
    return done


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(Path(folder).glob("*.png"))}


def sequence(folder, pictures, first=1001, name="plate"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(pictures, first):
        write_image(folder / f"{name}.{number}.png", pixels)
    return folder


def streams(path):
    with av.open(str(path)) as opened:
        video = opened.streams.video[0]
        times = [Fraction(f.pts) * video.time_base for f in opened.decode(video)]
        context = video.codec_context
        tags = (int(context.colorspace), int(context.color_range), int(context.color_primaries), int(context.color_trc))
        return times, video.average_rate, tags


def audio_packets(path):
    with av.open(str(path)) as opened:
        return [bytes(packet) for packet in opened.demux(audio=0) if packet.size]


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


def test_changing_one_key_redoes_its_two_spans_and_nothing_else(movie, style):
    stylize.run(movie, style=style, keyframes=(1, 3, 5, 8))
    project = movie.with_name("shot.stylize")
    before = digests(project / "out")
    key = project / "keys" / "shot.0003.png"
    mine = 255 - read_image(key)
    write_image(key, mine)
    result = stylize.run(movie, style=style, keyframes=(1, 3, 5, 8))
    assert result.redone == (2, 3, 4)
    assert result.rendered == ()
    assert result.painted == (3,)
    np.testing.assert_array_equal(read_image(key), mine)
    np.testing.assert_array_equal(read_image(project / "out" / "shot.0003.png"), mine)
    after = digests(project / "out")
    assert {name for name in after if after[name] != before[name]} == {f"shot.{n:04d}.png" for n in (2, 3, 4)}


def test_a_painted_key_at_a_new_frame_is_taken_up(movie, style):
    stylize.run(movie, style=style, keyframes=(1,))
    project = movie.with_name("shot.stylize")
    write_image(project / "keys" / "anything 0006.png", 255 - read_image(project / "video" / "shot.0006.png"))
    result = stylize.run(movie, style=style, keyframes=(1,))
    assert [key.frame for key in result.shots[0].keyframes] == [1, 6]
    assert result.painted == (6,)
    assert result.rendered == ()


@pytest.mark.parametrize("threads", [2, 4])
def test_bits_do_not_depend_on_threads(tmp_path, movie, style, threads):
    one = stylize.run(movie, style=style, project=tmp_path / "one.stylize", threads=1, keyframes=(1, 8))
    other = stylize.run(movie, style=style, project=tmp_path / "other.stylize", threads=threads, keyframes=(1, 8))
    assert digests(one.project / "out") == digests(other.project / "out")
    assert digests(one.project / "keys") == digests(other.project / "keys")


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bits(tmp_path, movie, style):
    words = [movie, "--style", style, "--keyframes", "1,8"]
    command(*words, "--project", tmp_path / "whole.stylize")
    whole = tmp_path / "whole.stylize"
    kills = 0
    # Each mark is a file whose coming says how far the run is; it is killed right then.
    for mark in ("video/shot.0004.png", "keys/shot.0001.png", "keys/shot.0008.png", "passes/*/forward.4.npz",
                 "out/shot.0006.png", "out/shot.0002.png"):  # fmt: skip
        project = tmp_path / "killed.stylize"
        run = subprocess.Popen(
            [sys.executable, "-m", "cli", *map(str, words), "--project", str(project)], cwd=EXAMPLES.parent,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while run.poll() is None and not list(project.glob(mark)):
            time.sleep(0.005)
        if run.poll() is None:
            os.kill(run.pid, signal.SIGKILL)
            kills += 1
        run.wait()
    assert kills >= 4
    command(*words, "--project", project)
    assert digests(project / "keys") == digests(whole / "keys")
    assert digests(project / "out") == digests(whole / "out")
    assert (project / "export/shot.mp4").read_bytes() == (whole / "export/shot.mp4").read_bytes()
    assert not [p for p in project.rglob(".part-*") if "video" not in p.parts and p.parent.name == "out"]


def test_ctrl_c_leaves_a_project_to_go_on_with(tmp_path, movie, style):
    words = [movie, "--style", style, "--keyframes", "1,8"]
    project = movie.with_name("shot.stylize")
    run = subprocess.Popen([sys.executable, "-m", "cli", *map(str, words)], cwd=EXAMPLES.parent,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    while run.poll() is None and not list(project.glob("keys/shot.0001.png")):
        time.sleep(0.005)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate()
    assert run.returncode == 130
    assert said.count("\n") == 1
    assert "goes on from here" in said
    assert "8 made" in command(*words).stdout


def test_the_project_goes_on_with_its_own_settings(movie, style):
    command(movie, "--style", style, "--keyframes", "1,8", "--seed", 5)
    again = command(movie.with_name("shot.stylize"))
    assert "0 made, 8 reused" in again.stdout
    assert "0 rendered" in again.stdout


def test_a_part_of_the_stages(movie, style):
    project = movie.with_name("shot.stylize")
    command(movie, "--style", style, "--keyframes", "1,8", "--to", "render")
    assert len(digests(project / "keys")) == 2
    assert not digests(project / "out")
    assert "8 made" in command(project, "--from", "propagate").stdout


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


def test_a_refined_run_that_is_killed_goes_on_and_is_then_done(tmp_path, style):
    path = write_movie(tmp_path / "shot.mp4", bunny(30))
    words = [path, "--style", style, "--keyframes", "1", "--refine", "1", "--to", "propagate"]
    whole = command(*words, "--project", tmp_path / "whole.stylize").stdout
    told = re.search(r"^refined 1: keyframe (\d+), error 0\.(\d+) to 0\.(\d+), kept$", whole, re.M)
    assert told
    assert int(told[3]) < int(told[2])
    project = tmp_path / "killed.stylize"
    run = subprocess.Popen([sys.executable, "-m", "cli", *map(str, words), "--project", str(project)],
                           cwd=EXAMPLES.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    while run.poll() is None and not (project / "keys" / f"shot.{int(told[1]):04d}.png").exists():
        time.sleep(0.005)
    assert run.poll() is None
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert told[0] in command(*words, "--project", project).stdout
    assert digests(project / "out") == digests(tmp_path / "whole.stylize" / "out")
    again = command(*words, "--project", project)
    assert told[0] in again.stdout
    assert "0 made, 30 reused" in again.stdout
    assert again.stderr == ""


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


# Bad input: one line, what was expected, what to do; nothing lost


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no such.mp4", "--style", "{style}"], "no such.mp4"),
        (["{text}", "--style", "{style}"], "note.txt"),
        (["{movie}"], "--style PICTURE"),
        (["{movie}", "--style", "{text}"], "note.txt"),
        (["{movie}", "--style", "none.png"], "none.png"),
        (["{movie}", "--style", "{style}", "--frames", "5-90"], "1-8"),
        (["{movie}", "--style", "{style}", "--keyframes", "99"], "99"),
        (["{movie}", "--style", "{style}", "--structure", "7"], "from 0 to 1"),
        (["{movie}", "--style", "{style}", "--renderer", "oils"], "example, painted, diffusion"),
        (["{movie}", "--style", "{style}", "--strukture", "1"], "--structure"),
        (["{movie}", "--keys", "nowhere"], "nowhere"),
        (["plan", "{movie}", "--keyframes", "nowhere.csv"], "nowhere.csv"),
        (["plan", "{movie}", "--drop-key", "99"], "99"),
        (["plan", "{movie}", "--style", "{style}", "--keys-budget", "10"], "90s, 10m or 1h30m"),
        (["plan", "{movie}", "--matte", "{style}"], "160x120"),
        (["plan", "{movie}", "--guide", "{style}"], "160x120"),
        (["{movie}", "--style", "{style}", "-o", "{movie}"], "shot.mp4"),
        (["{movie}", "--style", "{style}", "-o", "result.gif"], ".mp4"),
        (["{movie}", "--style", "{style}", "--renderer", "diffusion"], "diffusion"),
    ],
)
def test_bad_words_get_one_line_and_an_exit_code(movie, style, tmp_path, words, told):
    text = tmp_path / "note.txt"
    text.write_text("not a picture")
    before = movie.read_bytes()
    done = command(*(w.format(movie=movie, style=style, text=text) for w in words), check=False)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert told in done.stderr
    assert movie.read_bytes() == before


def test_painted_keys_that_do_not_fit_are_refused(tmp_path, movie):
    keys = tmp_path / "keys"
    keys.mkdir()
    write_image(keys / "0003.png", np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(PaintedKeyError, match=r"20x20.*96x54"):
        stylize.run(movie, keys=keys)
    (keys / "0003.png").unlink()
    write_image(keys / "0300.png", np.zeros((54, 96, 3), np.uint8))
    with pytest.raises(stylize.errors.FrameRangeError, match=r"0300.*1 to 8"):
        stylize.run(movie, keys=keys)
    write_image(keys / "b.300.png", np.zeros((54, 96, 3), np.uint8))
    with pytest.raises(stylize.errors.SequenceError, match="both"):
        stylize.run(movie, keys=keys)


def test_a_shot_without_a_key_says_the_ways_out(tmp_path):
    pictures = [*bunny(6), *[np.roll(255 - p, 30, axis=1) for p in bunny(6, 40)]]
    path, keys = write_movie(tmp_path / "two.mp4", pictures), tmp_path / "keys"
    keys.mkdir()
    write_image(keys / "0002.png", np.zeros((54, 96, 3), np.uint8))
    with pytest.raises(PaintedKeyError, match=r"7 to 12.*--style.*--no-split"):
        stylize.run(path, keys=keys)


def test_somebody_elses_files_are_not_written_over(tmp_path, movie, style):
    out = tmp_path / "out"
    out.mkdir()
    (out / "shot.0003.png").write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"shot.0003.png.*--overwrite"):
        stylize.run(movie, style=style, output=str(out))
    assert (out / "shot.0003.png").read_bytes() == b"precious"
    stylize.run(movie, style=style, output=str(out), overwrite=True)
    assert read_image(out / "shot.0003.png").shape == (54, 96, 3)
    stylize.run(movie, style=style, output=str(out))


def test_a_huge_reference_is_refused_before_it_is_read(tmp_path, movie, monkeypatch):
    monkeypatch.setattr("stylize.keys.rendering.LARGEST_STYLE", 100)
    write_image(tmp_path / "huge.png", np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(StyleError, match="20x20"):
        stylize.run(movie, style=tmp_path / "huge.png")


def test_a_truncated_movie_gives_what_is_there_and_says_what_is_lost(tmp_path, style):
    path = write_movie(tmp_path / "cut.mkv", bunny(24, size=(320, 180)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    result = stylize.run(path, style=style, keyframes=(1,))
    assert 1 <= len(result.frames) < 24
    assert result.notes
    with pytest.raises(ShotError, match="strict"):
        stylize.run(path, style=style, strict=True)


def test_a_misspelt_setting_in_a_project_is_an_error(movie, style):
    command(movie, "--style", style, "--to", "pick")
    file = movie.with_name("shot.stylize") / "project.toml"
    file.write_text(file.read_text() + "strukture = 0.2\n")
    done = command(file.parent, check=False)
    assert done.returncode == 2
    assert "strukture" in done.stderr


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


def test_another_start_number_does_not_reuse_the_plates_of_other_frames(movie, style):
    stylize.run(movie, style=style, keyframes=(1,), to_stage="pick")
    first = read_image(movie.with_name("shot.stylize") / "video" / "shot.0002.png")
    stylize.run(movie, style=style, keyframes=(2,), start_number=2, to_stage="pick")
    np.testing.assert_array_equal(read_image(movie.with_name("shot.stylize") / "video" / "shot.0003.png"), first)

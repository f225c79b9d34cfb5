"""The command on real footage, from its arguments to its output files."""

import re
import subprocess
import sys
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import stylize
from stylize.media.images import read_image, write_image
from tests.clips import write_movie
from tests.command.words import EXAMPLES, audio_packets, bunny, command, digests, sequence, streams


@pytest.mark.slow
def test_movie_and_reference_give_frames_movie_and_contact_sheet(movie, style):
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


@pytest.mark.slow
def test_python_api_gives_the_same_result(movie, style):
    result = stylize.run(movie, style=style)
    assert list(result.frames) == list(range(1, 9))
    again = stylize.run(movie, style=style)
    assert again.redone == ()
    assert again.rendered == ()


@pytest.mark.slow
def test_sequence_keeps_its_numbers_in_the_output_pattern(tmp_path, style):
    folder = sequence(tmp_path / "plates", bunny(6))
    command(folder, "--style", style, "-o", tmp_path / "comp" / "look.####.tif")
    assert sorted(p.name for p in (tmp_path / "comp").iterdir()) == [f"look.{n}.tif" for n in range(1001, 1007)]
    assert all(read_image(p).shape == (54, 96, 3) for p in (tmp_path / "comp").iterdir())


@pytest.mark.slow
def test_style_does_not_cross_a_cut(tmp_path, style):
    pictures = [*bunny(6), *[np.roll(255 - p, 30, axis=1) for p in bunny(6, 40)]]
    path = write_movie(tmp_path / "two.mp4", pictures)
    result = stylize.run(path, style=style)
    assert [(shot.frames[0], shot.frames[-1]) for shot in result.shots] == [(1, 6), (7, 12)]
    alone = stylize.run(write_movie(tmp_path / "one.mp4", pictures[:6]), style=style)
    assert [read_image(result.frames[n]).tobytes() for n in range(1, 7)] == [
        read_image(alone.frames[n]).tobytes() for n in range(1, 7)
    ]
    assert len(stylize.run(path, style=style, split=False).shots) == 1


@pytest.mark.slow
def test_moving_camera_and_occluder_are_propagated_correctly(tmp_path, style):
    wide = cv2.resize(bunny(1, 20, (640, 360))[0], (240, 135))
    pictures = []
    for n in range(10):
        plate = wide[40:94, 6 * n : 6 * n + 96].copy()
        plate[10:40, 80 - 8 * n : 100 - 8 * n] = (200, 30, 30)
        pictures.append(plate)
    result = stylize.run(write_movie(tmp_path / "pan.mp4", pictures), style=style, keyframes=(1,))
    assert len(result.frames) == 10
    made = [read_image(path).astype(float) for path in result.frames.values()]
    strength = mark_contrast(made[0]) / USUAL_CONTRAST
    for n in range(1, 10):
        for pixels, columns, worst, share in regions_of_the_first_frame(n):
            truth = made[0][pixels[0], columns]
            error = np.abs(made[n][pixels] - truth).mean() / strength
            assert error < worst
            assert error < share * np.abs(made[0][pixels] - truth).mean()


# Contrast in levels of the brush marks for which the distances below hold. The error of marks that lie a fraction of a
# pixel off is proportional to it.
USUAL_CONTRAST = 8.9


def mark_contrast(key):
    """Mean difference of a key, in levels, from its own average over a pixel or two."""
    return np.abs(key - cv2.GaussianBlur(key, (0, 0), 1)).mean()


def regions_of_the_first_frame(n):
    """Yield regions of frame ``n`` that the first frame shows: the ground, then the block.

    Each comes as pixels, their columns in the first frame, the maximum distance from there in levels, and the maximum
    share of the error of paint that stays in place.
    """
    rows, columns = np.mgrid[:54, :96]

    def block(at, columns):
        return (rows >= 10) & (rows < 40) & (columns >= 80 - 8 * at) & (columns < 100 - 8 * at)

    before = columns + 6 * n
    ground = np.nonzero(~block(n, columns) & (before < 96) & ~block(0, before))
    yield ground, before[ground], 6, 0.1
    before = columns + 8 * n
    covered = np.nonzero(block(n, columns) & (before < 96))
    yield covered, before[covered], 30, 0.6


@pytest.mark.slow
def test_painted_keys_are_output_unchanged_without_a_style(tmp_path):
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


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 4])
def test_bits_do_not_depend_on_threads(tmp_path, movie, style, threads):
    one = stylize.run(movie, style=style, project=tmp_path / "one.stylize", threads=1, keyframes=(1, 8))
    other = stylize.run(movie, style=style, project=tmp_path / "other.stylize", threads=threads, keyframes=(1, 8))
    assert digests(one.project / "out") == digests(other.project / "out")
    assert digests(one.project / "keys") == digests(other.project / "keys")


@pytest.mark.slow
def test_plan_gives_reasons_for_keys_without_rendering(movie):
    done = command("plan", movie)
    assert re.search(r"^ +\d  00:00:00:0\d +\d+\.\d%  covers the most of the shot$", done.stdout, re.M)
    assert "plan.png" in done.stdout
    assert "8 frames, 1 shot," in done.stdout
    assert not digests(movie.with_name("shot.stylize") / "keys")


@pytest.mark.slow
def test_edited_plan_is_used_by_the_run(movie, style):
    command("plan", movie)
    project = movie.with_name("shot.stylize")
    sheet = project / "keys.csv"
    rows = sheet.read_text().splitlines()
    assert len(rows) == 9
    rows[5] = rows[5].replace(",,", ",x,", 1)
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


@pytest.mark.slow
def test_variable_frame_rate_keeps_its_timestamps(tmp_path, style):
    stamps = [0, 1, 3, 4, 8, 9]
    path = write_movie(tmp_path / "vfr.mp4", bunny(6), stamps=stamps, time_base=Fraction(1, 24), rate=Fraction(24))
    result = stylize.run(path, style=style)
    times, _, _ = streams(result.outputs[0])
    assert times == [Fraction(stamp, 24) for stamp in stamps]


@pytest.mark.slow
def test_16_bit_source_gives_16_bit_frames(tmp_path, style):
    deep = [p.astype(np.uint16) * 257 for p in bunny(3)]
    result = stylize.run(sequence(tmp_path / "deep", deep), style=style)
    assert {read_image(p).dtype for p in result.frames.values()} == {np.dtype(np.uint16)}


@pytest.mark.slow
def test_alpha_of_the_plates_is_kept(tmp_path, style):
    draw = np.random.default_rng(0)
    pictures = [np.dstack([p, draw.integers(0, 256, p.shape[:2], np.uint8)]) for p in bunny(3)]
    result = stylize.run(sequence(tmp_path / "cut out", pictures), style=style)
    for number, path in result.frames.items():
        np.testing.assert_array_equal(read_image(path)[..., 3], pictures[number - 1001][..., 3])


@pytest.mark.slow
@pytest.mark.parametrize("invert", [False, True])
def test_plate_outside_the_matte_is_bit_identical(tmp_path, style, invert):
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "draw",
    [lambda: bunny(1), lambda: [np.zeros((54, 96, 3), np.uint8)] * 5, lambda: bunny(1) * 5],
    ids=["one frame", "black", "still"],
)
def test_one_frame_black_and_still_shots_get_one_key(tmp_path, style, draw):
    pictures = draw()
    result = stylize.run(sequence(tmp_path / "shot", pictures), style=style)
    assert len(result.shots[0].keyframes) == 1
    assert len(result.frames) == len(pictures)


@pytest.mark.slow
def test_odd_sizes_work(tmp_path, style):
    result = stylize.run(sequence(tmp_path / "odd", bunny(3, size=(97, 55))), style=style)
    with av.open(str(result.outputs[0])) as made:
        assert (made.streams.video[0].width, made.streams.video[0].height) == (97, 55)


@pytest.mark.slow
def test_frame_range_limits_the_output(tmp_path, style):
    folder = sequence(tmp_path / "plates", bunny(8))
    assert list(stylize.run(folder, style=style, frames="1002-1008x2").frames) == [1002, 1004, 1006, 1008]


@pytest.mark.slow
def test_help_is_light_and_lists_essential_options_first():
    shown = command("--help").stdout
    assert shown.index("--style") < shown.index("--keyframes") < shown.index("--help GROUP")
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, cli; print(*sys.modules)"], capture_output=True, text=True, check=True,
        cwd=EXAMPLES.parent,
    ).stdout.split()  # fmt: skip
    assert not {"numpy", "cv2", "av", "numba", "OpenImageIO", "torch", "scenedetect"} & set(loaded)

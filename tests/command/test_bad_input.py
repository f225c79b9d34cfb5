"""Bad input: one line with the expectation and the remedy, and no data lost."""

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError, PaintedKeyError, ShotError
from stylize.media.images import read_image, write_image
from tests.clips import write_movie
from tests.command.words import bunny, command


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
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
def test_bad_arguments_get_one_line_and_an_exit_code(movie, style, tmp_path, words, message):
    text = tmp_path / "note.txt"
    text.write_text("not a picture")
    before = movie.read_bytes()
    done = command(*(w.format(movie=movie, style=style, text=text) for w in words), check=False)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert message in done.stderr
    assert movie.read_bytes() == before


@pytest.mark.slow
def test_painted_keys_of_wrong_size_or_number_are_refused(tmp_path, movie):
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


@pytest.mark.slow
def test_scene_without_key_lists_the_remedies(tmp_path):
    pictures = [*bunny(6), *[np.roll(255 - p, 30, axis=1) for p in bunny(6, 40)]]
    path, keys = write_movie(tmp_path / "two.mp4", pictures), tmp_path / "keys"
    keys.mkdir()
    write_image(keys / "0002.png", np.zeros((54, 96, 3), np.uint8))
    with pytest.raises(PaintedKeyError, match=r"7 to 12.*--style.*--no-split"):
        stylize.run(path, keys=keys)


@pytest.mark.slow
def test_foreign_output_files_are_not_overwritten(tmp_path, movie, style):
    out = tmp_path / "out"
    out.mkdir()
    (out / "shot.0003.png").write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"shot.0003.png.*--overwrite"):
        stylize.run(movie, style=style, output=str(out))
    assert (out / "shot.0003.png").read_bytes() == b"precious"
    stylize.run(movie, style=style, output=str(out), overwrite=True)
    assert read_image(out / "shot.0003.png").shape == (54, 96, 3)
    stylize.run(movie, style=style, output=str(out))


@pytest.mark.slow
def test_truncated_movie_gives_its_readable_frames_and_a_note(tmp_path, style):
    path = write_movie(tmp_path / "cut.mkv", bunny(24))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    result = stylize.run(path, style=style, keyframes=(1,))
    assert 1 <= len(result.frames) < 24
    assert result.notes
    with pytest.raises(ShotError, match="strict"):
        stylize.run(path, style=style, strict=True)


@pytest.mark.slow
def test_misspelt_setting_in_project_is_an_error(movie, style):
    command(movie, "--style", style, "--to", "pick")
    file = movie.with_name("shot.stylize") / "project.toml"
    file.write_text(file.read_text() + "strukture = 0.2\n")
    done = command(file.parent, check=False)
    assert done.returncode == 2
    assert "strukture" in done.stderr

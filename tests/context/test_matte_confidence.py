"""Confidence of tracked mattes, as a file alongside them."""

import json

import numpy as np
import pytest

import stylize
from stylize.context.matte_confidence import CONFIDENCE, format_confidence, read_confidence, review_line
from stylize.errors import MatteError
from stylize.matting.matte_pipeline import MatteResult
from stylize.media.images import write_image
from stylize.summary import matte_lines
from tests.quality.test_page import run_command


def test_written_confidence_is_read_again(tmp_path):
    known = {7: 0.5, 3: 1.0, -2: 0.25}
    (tmp_path / CONFIDENCE).write_text(format_confidence(known))
    assert (tmp_path / CONFIDENCE).read_text().startswith("frame,confidence\n-2,0.2500\n3,")
    assert read_confidence(tmp_path) == known


def test_missing_or_foreign_file_is_no_confidence(tmp_path):
    assert read_confidence(tmp_path) == {}
    (tmp_path / CONFIDENCE).write_text("name;value\na;1\n")
    assert read_confidence(tmp_path) == {}


@pytest.mark.parametrize("line", ["4,high", "x,0.5", "4,1.5", "4,nan", "4"])
def test_damaged_line_is_refused(tmp_path, line):
    (tmp_path / CONFIDENCE).write_text(f"frame,confidence\n3,0.9\n{line}\n")
    with pytest.raises(MatteError, match=r"line 3: expected a frame and a confidence from 0 to 1.*run stylize matte"):
        read_confidence(tmp_path)


def test_every_weak_frame_is_in_the_review_line():
    assert review_line({1: 1.0, 2: 0.96}) is None
    assert review_line({1: 1.0, 2: 0.9, 3: 0.81, 5: 0.934, 6: 0.935}) == (
        "frames 2-3, 5: expected overlap of the matte with the subject below 0.935, lowest 0.81 in frame 3; look at "
        "them"
    )


@pytest.mark.slow
def test_weak_mattes_are_reported_by_the_run_that_uses_them(tmp_path):
    for folder in ("plates", "m", "keys"):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (48, 64, 3)).astype(np.uint8)
    for frame in (1, 2, 3):
        write_image(tmp_path / "plates" / f"p.{frame}.png", pixels)
        write_image(tmp_path / "m" / f"p.{frame}.png", np.full((48, 64), 255 * (np.arange(64) < 32), np.uint8))
    write_image(tmp_path / "keys" / "1.png", 255 - pixels)
    (tmp_path / "m" / CONFIDENCE).write_text(format_confidence({1: 1.0, 2: 0.97, 3: 0.6}))
    messages = []
    made = stylize.run(
        tmp_path / "plates", keys=tmp_path / "keys", matte=tmp_path / "m", on_message=messages.append
    )  # fmt: skip
    assert set(made.frames) == {1, 2, 3}
    (warning,) = [line for line in messages if "expected overlap" in line]
    assert warning.startswith(f"warning: matte {tmp_path / 'm'}: frame 3:")
    assert run_command("report", str(made.project), "-q") == 0
    (shot,) = json.loads((made.project / "report.json").read_text())["shots"]
    assert shot["mattes to review"] == [3]
    assert shot["summary"]["lowest confidence of the mattes"] == 0.6
    assert "lowest confidence of the mattes" in (made.project / "report.html").read_text()


def test_review_is_part_of_the_summary_of_mattes(tmp_path):
    known = {1: 1.0, 2: 0.9, 3: 0.7}
    made = MatteResult((tmp_path,), dict.fromkeys(known, tmp_path), known, (3,), (1, 2, 3))
    lines = list(matte_lines(made, 1.0))
    assert lines[1].startswith("review: frames 2-3: expected overlap")
    assert lines[2] == "suggestion: paint a matte for frame 3 (confidence 0.70)"

"""A shot with the most hostile file name, from the command to the last output file."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as Tree

import numpy as np
import pytest

from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.visible_text import visible
from tests.clips import write_movie
from tests.command.words import EXAMPLES, bunny, command

FOLDER = "<"  # so that the path has </script> in it
NAME = "script>a\n@DATA@ ]]>&'\"\x1b[31m\u202e#%41 $x[exit]{;\\"
EXPORTS = "otio,xml,fcpxml,edl,aftereffects,nuke,ebsynth,matte,foreground,passes"


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    folder = tmp_path / FOLDER
    folder.mkdir()
    return write_movie(folder / f"{NAME}.mp4", bunny(6), audio=True)


def assert_printable(done: subprocess.CompletedProcess[str]) -> str:
    """Assert that the command printed only lines of printable text, and return the text."""
    printed = done.stdout + done.stderr
    assert all(line.isprintable() for line in printed.split("\n"))
    return printed


@pytest.mark.slow
def test_exports_and_report_handle_a_hostile_name(shot: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys/1.png", 255 - bunny(1)[0])
    write_image(tmp_path / "matte.png", np.full((54, 96), 128, np.uint8))
    words = [shot, "--keys", tmp_path / "keys", "--matte", tmp_path / "matte.png", "--export", EXPORTS]
    done = command(*words, "--log-json", tmp_path / "log")
    assert f"wrote: {visible(str(tmp_path / FOLDER))}" in assert_printable(done)
    project = shot.with_name(f"{NAME}.stylize")
    folder = project / "export"
    result = folder / f"{NAME}.mp4"
    assert open_shot(result).frames == open_shot(shot).frames
    root = Tree.fromstring((folder / f"{NAME}.xml").read_text(encoding="utf-8").split("<!DOCTYPE xmeml>")[1])
    assert root.findtext("./sequence/name") == visible(NAME)
    assert {one.text for one in root.iter("pathurl")} == {
        path.as_uri().replace("file:///", "file://localhost/") for path in (shot, result)
    }
    root = Tree.fromstring((folder / f"{NAME}.fcpxml").read_text(encoding="utf-8").split("<!DOCTYPE fcpxml>")[1])
    assert [one.get("src") for one in root.iter("asset")] == [shot.as_uri(), result.as_uri()]
    timeline = json.loads((folder / f"{NAME}.otio").read_text(encoding="utf-8"))
    assert timeline["name"] == visible(NAME)
    lines = (folder / f"{NAME}.edl").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"TITLE: {visible(NAME)}_result"
    assert len([line for line in lines if line[:3].isdigit()]) == 1
    assert (folder / f"{NAME}.jsx").read_bytes().isascii()
    assert (folder / f"{NAME}_ebsynth" / f"{NAME}.ebs").is_file()
    for line in (tmp_path / "log").read_text().splitlines():
        json.loads(line)

    # The project resumes, and its page is complete.
    assert "6 reused" in assert_printable(command(project))
    assert "wrote: " in assert_printable(command("report", project))
    assert json.loads((project / "report.json").read_text())["name"] == NAME
    page = (project / "report.html").read_text(encoding="utf-8")
    tags, texts = [], []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    reader.handle_data = texts.append  # type: ignore[method-assign]
    reader.feed(page)
    assert tags.count("script") == 1
    assert texts.count(visible(NAME)) == 2
    assert page.count("const frames = [[") == 1


@pytest.mark.slow
def test_plan_and_errors_handle_a_hostile_name(shot: Path, tmp_path: Path) -> None:
    assert_printable(command("plan", shot))
    for words in (
        [shot.with_name("no\x1b[31m\nsuch.mp4"), "--keys", tmp_path],
        [shot, "--style", tmp_path / "no\x1b]0;owned\x07\n.png"],
        [shot, "--sty\x1b[31mle", "x"],
        ["report", shot.with_name("no\nproject")],
        [shot, "--keys", tmp_path, "-o", "a\nb.xyz"],
        [shot, "--renderer", "a1111", "--url", "http://u:secret@\x1b[31m\n"],
    ):
        done = command(*words, check=False)
        assert done.returncode in (1, 2)
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in assert_printable(done)
        assert "secret" not in done.stderr


@pytest.mark.slow
def test_non_utf8_names_are_refused_in_one_line(shot: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(shot) + b"\xff.mp4"))
    shot.rename(odd)
    for words in ([odd, "--keys", tmp_path], [tmp_path / "a", "--style", odd], ["plan", odd], ["report", odd]):
        done = command(*words, check=False)
        assert done.returncode in (1, 2)
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in assert_printable(done)
    folder = tmp_path / "\udcff"
    folder.mkdir()
    odd.rename(folder / "a.mp4")
    words = [sys.executable, "-m", "cli", "a.mp4", "--keys", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert r"\xff/a.mp4: expected a path in UTF-8" in done.stderr
    assert done.stderr.count("\n") == 1
    # A terminal without UTF-8 gets escapes.
    environment |= {"PYTHONIOENCODING": "ascii"}
    (folder / "a.mp4").rename(tmp_path / "Größe.mp4")
    words = [sys.executable, "-m", "cli", "plan", "Größe.mp4"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert r"Gr\xf6\xdfe.stylize" in done.stdout

"""A run killed while renaming a file leaves no file or its own, and no claim on a file of the user's."""

import signal

import pytest

import stylize
from stylize.errors import OutputError
from stylize.media.images import write_image
from tests import forked_python
from tests.clips import write_movie
from tests.sliding import scene

FRAMES = 6
# Run the command and kill it before or after its n-th rename to a path that contains a text.
SCRIPT = """
import os, signal, sys
from pathlib import Path
text, count, moment, *words = sys.argv[1:]
rename, seen = Path.replace, []
def replace(self, target):
    if text in str(target):
        seen.append(target)
        if len(seen) == int(count):
            if moment == "after":
                rename(self, target)
            os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.replace = replace
from cli import main
main(words)
"""


@pytest.fixture
def movie(tmp_path):
    return write_movie(tmp_path / "shot.mov", scene(FRAMES))


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "painted").mkdir()
    for frame in (1, FRAMES):
        write_image(tmp_path / f"painted/{frame:04d}.png", 255 - scene(FRAMES)[frame - 1])
    return tmp_path / "painted"


def run_killed(text, count, moment, *words):
    done = forked_python.run(["-c", SCRIPT, text, count, moment, *words])
    assert done.returncode == -signal.SIGKILL, done.stderr


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("output", ["to/a.mp4", "to/a.####.png"])
def test_user_file_placed_after_a_kill_is_not_replaced(movie, keys, tmp_path, output):
    target = tmp_path / output
    run_killed("/to/", 1, "before", movie, "--keys", keys, "-o", target)
    mine = tmp_path / output.replace("####", "0003")
    mine.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"(already exists|replaced or damaged); .*or replace with --overwrite"):
        stylize.run(movie, keys=keys, output=str(target))
    assert mine.read_bytes() == b"precious"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    ("text", "count", "output", "export"),
    [
        ("/to/", 1, "to/a.mp4", ()),
        ("/to/", 4, "to/a.####.exr", ()),
        ("/to/", 3, "to/a.####.png", ("passes", "foreground", "matte")),
        ("_passes/", 2, "to/a.mp4", ("passes",)),
        ("_matte/", 2, "to/a.mp4", ("matte",)),
        ("_foreground/", 2, "to/a.mp4", ("foreground",)),
        ("_foreground", 1, "to/a.mov", ("foreground",)),
        ("_ebsynth/", 5, "to/a.mp4", ("ebsynth",)),
        (".otio", 1, "to/a.mp4", ("otio",)),
        ("_stylized.mov", 1, "to/a.####.png", ("xml",)),
        ("/out/", 3, "to/a.mp4", ()),
        ("/passes/", 3, "to/a.mp4", ()),
        ("/video/", 3, "to/a.mp4", ()),
        ("/mask/", 3, "to/a.mp4", ()),
        ("contact_sheet", 1, "to/a.mp4", ()),
    ],
)
def test_resumed_run_recognises_its_own_files(movie, keys, tmp_path, moment, text, count, output, export):
    matte = write_movie(tmp_path / "m.mp4", [255 - one // 2 for one in scene(FRAMES)])
    codec = {"codec": "prores-4444"} if output.endswith(".mov") else {}
    words = [f"--{name}={value}" for name, value in {"keys": keys, "matte": matte, **codec}.items()]
    words += [f"--export={kind}" for kind in export]
    run_killed(text, count, moment, movie, *words, "-o", tmp_path / output)
    messages = []
    given = {"keys": keys, "matte": matte, "output": str(tmp_path / output), "export": export, **codec}
    stylize.run(movie, **given, on_message=messages.append)
    assert not [text for text in messages if "by hand" in text or "damaged" in text]
    resumed = files(tmp_path / "to"), files(tmp_path / "shot.stylize/out")
    for path in (tmp_path / "to").rglob("*"):
        if path.is_file():
            path.unlink()
    stylize.run(movie, **given, project=tmp_path / "whole.stylize")
    whole = files(tmp_path / "to"), files(tmp_path / "whole.stylize/out")
    assert resumed == whole


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_resumed_run_with_layers_recognises_its_own_frames(movie, tmp_path, keys, moment):
    write_image(tmp_path / "m.png", scene(1)[0])
    words = ("--layer", f"keys={keys}", "--layer", f"keys={keys},matte={tmp_path}/m.png", "--to", "propagate")
    run_killed("shot.stylize/out/", 3, moment, movie, *words)
    messages = []
    layers = [{"keys": keys}, {"keys": keys, "matte": tmp_path / "m.png"}]
    stylize.run(movie, layers=layers, to_stage="propagate", on_message=messages.append)
    assert not [text for text in messages if "by hand" in text]

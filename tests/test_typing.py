"""Strict mypy over small user scripts: the lines that it accepts, and those that it refuses, with the reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mypy_config import MYPY_CONFIG
from tests.shared_folder import shared_folder

ROOT = Path(__file__).resolve().parents[1]

ACCEPTED = """
import threading
from fractions import Fraction
from pathlib import Path

import stylize
from stylize import Event, FrameFinished, Result, Settings, StageProgress
from stylize.settings import GuideSpec, MatteSettings

Settings()
Settings(style="a.png", keyframes="1,9")
Settings(style=Path("a.png"), keyframes=(1, 9), rate=Fraction(24), structure="0.25", seed=3)
Settings(keyframes=Path("keys.csv"), output=Path("out"), guide=["depth/", GuideSpec(Path("n"), 2.0)])
Settings(layers=["style=a.png", {"matte": "person/", "style": Path("b.png"), "name": "person"}])
Settings(on="twos", codec="ffv1", from_stage="render", renderer="one-of-an-extension")
MatteSettings(chroma="green", output=Path("m"))
keyframes: tuple[int, ...] | Path | None = Settings().keyframes


def on_event(event: Event) -> None:
    if isinstance(event, StageProgress) and event.seconds_left is not None:
        print(event.stage, event.done / event.total, round(event.seconds_left))
    match event:
        case FrameFinished(frame=frame, path=path):
            print(frame + 1, path.name)


cancel = threading.Event()
result: Result = stylize.run("s.mp4", style=Path("a.png"), keyframes=(1, 9), on_event=on_event, cancel=cancel)
first: Path = result.frames[1]
stylize.run(Path("shot.stylize"))
stylize.run("s.mp4", Settings(style="a.png"), seed=3, cancel=lambda: False)
stylize.run("s.mp4", on_progress=lambda stage, done, total: None, on_message=print)
keys: list[int] = [key.frame for shot in stylize.plan("s.mp4", max_keyframes=2).shots for key in shot.keyframes]
mattes: Path = stylize.make_mattes("s.mp4", luma="0.1:0.3", output="m/").frames[1]
files: tuple[Path, ...] = stylize.report("shot.stylize", on_event=on_event)
lines: list[str] = [line for verdict in stylize.check("goldens", update=True) for line in verdict.differences]
with stylize.open("s.mp4", style="a.png", cancel=cancel) as session:
    rendered: list[Path] = [key.path for key in session.keys if key.exists and not key.is_painted]
    needs: tuple[str, ...] = session.tasks[-1].needs
    for frame in session:
        print(frame.frame, frame.path.name)
    done: Result | None = session.result
try:
    stylize.run("s.mp4")
except stylize.CancelledError:
    pass
except stylize.StylizeError as error:
    print(error)
"""
# mypy refuses each line, with this error code.
REFUSED = {
    'Settings(strukture=0.5)': "call-arg",
    'Settings("a.png")': "call-arg",
    'Settings(style=3)': "arg-type",
    'Settings(style=b"a.png")': "arg-type",
    'Settings(keyframes=1.5)': "arg-type",
    'Settings(seed=None)': "arg-type",
    'Settings(split="no")': "arg-type",
    'Settings(on="fours")': "arg-type",
    'Settings(layers=[{"mattte": "person/"}])': "list-item",
    'stylize.run("s.mp4", strukture=0.5)': "call-arg",
    'stylize.run("s.mp4", keyframes=1.5)': "arg-type",
    'stylize.run("s.mp4", on_event=print, cancel=True)': "arg-type",
    'stylize.run("s.mp4", on_event=lambda: None)': "arg-type",
    'stylize.run(3)': "arg-type",
    'stylize.run("s.mp4", {"style": "a.png"})': "arg-type",
    'stylize.plan("s.mp4", max_keyframe=2)': "call-arg",
    'stylize.plan("s.mp4", max_keyframes=2.5)': "arg-type",
    'stylize.open("s.mp4", stile="a.png")': "call-arg",
    'stylize.make_mattes("s.mp4", output="m", style="a.png")': "call-arg",
    'stylize.make_mattes("s.mp4", output=3)': "arg-type",
    'stylize.report("p.stylize", update=True)': "call-arg",
    'stylize.check("goldens", update="yes")': "arg-type",
    'stylize.Results': "attr-defined",
    'MatteSettings(output="m", crhoma="green")': "call-arg",
    'MatteSettings(output="m", refine=1.5)': "arg-type",
}  # fmt: skip
IMPORTS = "import stylize\nfrom stylize import Settings\nfrom stylize.settings import MatteSettings\n"


pytestmark = pytest.mark.slow


def run_mypy(folder: Path) -> None:
    """Check both scripts in a folder, and write the output of mypy to ``complaints.txt``."""
    (folder / "accepted.py").write_text(ACCEPTED, encoding="utf-8")
    (folder / "refused.py").write_text(IMPORTS + "\n".join(REFUSED) + "\n", encoding="utf-8")
    (folder / "mypy.ini").write_text(MYPY_CONFIG, encoding="utf-8")
    command = [
        sys.executable, "-m", "mypy", "--strict", "--config-file", "mypy.ini", "--python-version", "3.11",
        "--follow-imports", "silent", "--no-error-summary", "accepted.py", "refused.py",
    ]  # fmt: skip
    environment = {**os.environ, "MYPYPATH": str(ROOT), "MYPY_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    (folder / "complaints.txt").write_text(done.stdout, encoding="utf-8")


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the complaints of one run of mypy, by ``file:line``."""
    folder = shared_folder(tmp_path_factory, "typing", run_mypy)
    found: dict[str, list[str]] = {}
    for line in (folder / "complaints.txt").read_text(encoding="utf-8").splitlines():
        file, number, text = line.split(":", 2)
        if " note: " not in f" {text}":
            found.setdefault(f"{file}:{number}", []).append(text)
    return found


def test_every_readable_option_value_is_accepted(complaints: dict[str, list[str]]) -> None:
    assert {place: text for place, text in complaints.items() if place.startswith("accepted")} == {}


@pytest.mark.parametrize("line", REFUSED)
def test_wrong_name_or_type_is_refused(complaints: dict[str, list[str]], line: str) -> None:
    number = IMPORTS.count("\n") + list(REFUSED).index(line) + 1
    texts = complaints.get(f"refused.py:{number}", [])
    assert any(f"[{REFUSED[line]}]" in text for text in texts), texts

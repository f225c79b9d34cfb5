"""Shell completion in bash, zsh and fish: commands, options that the command reads, values and paths."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stylize.settings import LOOKS_OPTIONS, MATTE_OPTIONS, OPTIONS
from stylize.settings.completion import completions

ROOT = Path(__file__).parents[1]
SHELLS = ("bash", "zsh", "fish")


def completed(shell, *words):
    """[(type, word)] that a shell gets for the last word of a command line."""
    if shell == "fish":
        line = {"COMP_WORDS": " ".join(words), "COMP_CWORD": words[-1]}
    else:
        line = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "cli"], env=os.environ | line | {"_STYLIZE_COMPLETE": f"{shell}_complete"}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line]
    if shell == "zsh":  # type, word and description, one per line
        return list(zip(lines[::3], lines[1::3], strict=True))
    if shell == "fish":  # type and word on a line, and a description after a tab
        return [tuple(one.partition("\t")[0].split(",", 1)) for one in lines]
    return [tuple(one.split(",", 1)) for one in lines]


def words_of(items):
    return {word for kind, word in items if kind == "plain"}


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete_commands_options_and_values(shell):
    first = completed(shell, "stylize", "pl")
    assert "plan" in words_of(first)
    assert "file" in {kind for kind, _ in first}  # the shot
    assert words_of(completed(shell, "stylize", "--sty")) == {"--style"}
    assert words_of(completed(shell, "stylize", "shot.mp4", "--codec", "pro")) == {"prores-422hq", "prores-4444"}
    assert words_of(completed(shell, "stylize", "shot.mp4", "--help", "m")) == {"main", "matte", "motion"}


@pytest.mark.slow
def test_completion_offers_the_options_of_the_command():
    assert words_of(completed("bash", "stylize", "shot.mp4", "--cod")) == {"--codec"}
    assert not completed("bash", "stylize", "plan", "shot.mp4", "--cod")
    assert not completed("bash", "stylize", "shot.mp4", "--keys-f")  # a former name
    assert words_of(completed("bash", "stylize", "matte", "shot.mp4", "--ch")) == {"--chroma"}
    assert words_of(completed("bash", "stylize", "--style", "a.png", "--render")) == {"--renderer", "--render-size"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "kind"),
    [("--style", "file"), ("--keys", "dir"), ("--matte", "file"), ("--project", "dir"), ("-o", "file")],
)
def test_paths_are_completed_by_the_shell(option, kind):
    assert [one for one, _ in completed("bash", "stylize", "shot.mp4", option, "pic")] == [kind]


def test_completion_follows_from_the_option_type():
    found = {name: completions(option.type) for name, option in (OPTIONS | MATTE_OPTIONS | LOOKS_OPTIONS).items()}
    assert found["bits"] == (("8", "16"), "")
    assert found["depth"] == (("auto",), "file")
    assert found["on"] == (("auto", "ones", "twos", "threes"), "")
    assert {"otio", "nuke", "passes"} <= {*found["export"][0]}
    assert found["overwrite"] == found["coverage"] == found["frames"] == ((), "")
    for name, option in (OPTIONS | MATTE_OPTIONS | LOOKS_OPTIONS).items():
        for word in found[name][0]:
            option.read(word)


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script(shell):
    done = subprocess.run(
        [sys.executable, "-m", "cli"], env=os.environ | {"_STYLIZE_COMPLETE": f"{shell}_source"}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"_STYLIZE_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_a_command_line(tmp_path):
    program = tmp_path / "stylize"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m cli "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(_STYLIZE_COMPLETE=bash_source stylize)"; COMP_WORDS=(stylize shot.mp4 --renderer ex); COMP_CWORD=3; '
        '_stylize_completion stylize; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script], env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "example"

"""Programs run in forked processes behave as those with an interpreter of their own."""

import os
import subprocess
import sys

import pytest

from tests import forked_python

PRINTS = "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['STYLIZE_X']); sys.stderr.write('é'); sys.exit(3)"


@pytest.mark.slow
def test_results_are_those_of_an_own_interpreter(tmp_path):
    env = {**os.environ, "STYLIZE_X": "ü"}
    words = ["-c", PRINTS, "a b", "\udcff"]
    forked = forked_python.run(words, cwd=tmp_path, env=env)
    started = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)
    assert forked.returncode == 3
    assert forked_python.used[-1] > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "expected"),
    [("", 0), ("raise ValueError", 1), ("import os; os.kill(os.getpid(), 9)", -9), ("import sys; sys.exit('no')", 1)],
)
def test_ends_give_their_exit_codes(code, expected):
    assert forked_python.run(["-c", code]).returncode == expected


@pytest.mark.slow
def test_a_program_that_takes_too_long_is_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; print('begun', flush=True); time.sleep(60); Path('late').touch()"
    )
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        forked_python.run(["-c", code], cwd=tmp_path, timeout=3)
    assert caught.value.stdout == b"begun\n"
    assert not (tmp_path / "late").exists()


@pytest.mark.slow
def test_no_program_sees_what_another_left():
    forked_python.run(["-c", "import sys; sys.left = 1"])
    assert forked_python.run(["-c", "import sys; print(hasattr(sys, 'left'))"]).stdout == "False\n"


@pytest.mark.slow
def test_an_environment_read_at_the_start_gets_an_own_interpreter():
    done = forked_python.run(["-c", "import sys; print(sys.flags.utf8_mode)"], env={**os.environ, "PYTHONUTF8": "1"})
    assert done.stdout == "1\n"

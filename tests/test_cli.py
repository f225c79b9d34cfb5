"""Arguments and output of the command; its results are tested end to end elsewhere."""

import os
import pty
import re
import select
import signal
import subprocess
import sys

import click.testing
import pytest

import cli
from cli import _Console, _progress_text
from stylize.events import StageProgress
from stylize.media.images import write_image
from tests import forked_python
from tests.sliding import folder_of, picture, scene


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "keys").mkdir()
    for number in (1, 8):
        write_image(tmp_path / "keys" / f"{number}.png", picture(20 * number))
    return tmp_path / "keys"


def run_command(capfd, *words):
    """Run the command in this process; return (exit code, stdout, stderr)."""
    try:
        cli.main([str(word) for word in words])
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    out = capfd.readouterr()
    return code, out.out, out.err


def test_no_arguments_show_the_help(capfd):
    code, out, _ = run_command(capfd)
    assert code == 2
    assert "--style" in out


def test_version_is_printed(capfd):
    code, out, _ = run_command(capfd, "--version")
    assert code == 0
    assert out.startswith("stylize, version ")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["{plates}", "--styl", "x.png"], 2, "--style"),
        (["{plates}", "--structure"], 2, "--structure"),
        (["{plates}", "--optimise-fr", "worst"], 2, "--optimise-for"),
        (["{plates}", "--keys-for", "worst", "--optimise-for", "mean"], 2, "--keys-for is now --optimise-for; give"),
        (["{plates}", "--style", "x.png", "--structure", "much"], 2, "a number from 0 to 1"),
        (["{plates}", "{plates}"], 2, "unexpected"),
        (["plan"], 2, "SHOT"),
        (["{plates}", "--from", "export", "--to", "pick"], 2, "--from export"),
        (["{plates}"], 2, "--style PICTURE"),
        (["{plates}", "--keys", "none"], 1, "none"),
        (["missing.mp4", "--style", "x.png"], 1, "missing.mp4"),
        (["plan", "missing.mp4"], 1, "missing.mp4"),
    ],
)
def test_mistake_gets_one_line_and_its_exit_code(capfd, plates, words, code, message):
    found, out, err = run_command(capfd, *(word.format(plates=plates) for word in words))
    assert found == code
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("stylize: ")
    assert message in err


@pytest.mark.slow
def test_summary_counts_made_and_reused_frames(capfd, plates, keys):
    code, out, err = run_command(capfd, plates, "--keys", keys, "--rate", 24)
    assert (code, err) == (0, "")
    assert "keyframe 1: painted" in out
    assert "frames: 8 made, 0 reused" in out
    write_image(plates.parent / "plates.stylize" / "keys" / "new.4.png", picture(90))
    assert "frames: 6 made (2-7), 2 reused" in run_command(capfd, plates, "--keys", keys)[1]
    assert "frames: 0 made, 8 reused" in run_command(capfd, plates, "--keys", keys)[1]


@pytest.mark.slow
def test_nothing_to_refine_is_reported(capfd, tmp_path):
    still = folder_of(tmp_path / "still", [scene(1)[0]] * 6)
    write_image(tmp_path / "ref.png", picture(120))
    code, out, err = run_command(capfd, still, "--style", tmp_path / "ref.png", "--refine", 2, "--to", "propagate")
    assert code == 0
    assert "24 frames per second are assumed" in err
    assert "frames 2-6: their plates repeat the previous frame" in err
    assert err.count("\n") == 2
    assert "refined: no further keyframe would improve the result enough" in out


@pytest.mark.slow
def test_quiet_prints_only_errors(capfd, plates, keys):
    assert run_command(capfd, plates, "--keys", keys, "-q") == (0, "", "")
    code, out, err = run_command(capfd, plates, "-q", "--keys", "none")
    assert (code, out) == (1, "")
    assert "none" in err


@pytest.mark.slow
def test_verbose_lists_the_stages(capfd, plates, keys):
    err = run_command(capfd, plates, "--keys", keys, "-v")[2]
    assert [stage for stage in ("split", "propagate", "export") if f"{stage}:" in err] == [
        "split",
        "propagate",
        "export",
    ]


@pytest.mark.slow
def test_plan_reports_cuts_keys_reasons_and_time(capfd, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    folder = folder_of(tmp_path / "two", [*scene(6), *[p // 8 for p in scene(6, seed=8)]])
    code, out, err = run_command(capfd, "plan", folder, "--rate", 24)
    assert (code, err) == (0, "")
    assert "shot 1: frames 1-6" in out
    assert "shot 2: frames 7-12" in out
    assert re.search(r"shot 2: frames 7-12, coverage \d+% on average, [\d.]+% at minimum \(frame \d+\)", out)
    row = r"^ +(\d+)  00:00:00:(\d\d) +\d+\.\d%  (first frame of the shot|covers the most of the shot)$"
    rows = re.findall(row, out, re.M)
    assert [int(frame) for frame, _, _ in rows] == [int(frames) for _, frames, _ in rows]
    assert [int(frame) < 7 for frame, _, _ in rows] == [True, False]
    assert "; the time is unknown until a run with such settings has measured it on this machine\n" in out
    assert [line for line in out.splitlines() if line.startswith("wrote: ")] == [
        f"wrote: {tmp_path / 'two.stylize' / name}" for name in ("keys.csv", "plan.png")
    ]
    assert not list((tmp_path / "two.stylize" / "keys").iterdir())


@pytest.mark.slow
def test_picking_options_and_named_keyframes_replace_each_other(capfd, plates):
    project = plates.parent / "plates.stylize"
    assert run_command(capfd, "plan", plates, "--max-keyframes", 2, "--min-gap", 3)[0] == 0
    assert run_command(capfd, "plan", project, "--keyframes", "1,5", "-q") == (0, "", "")
    for idle in ("--min-gap", 2), ("--coverage", 0.9):
        code, _, err = run_command(capfd, "plan", project, "--keyframes", "1,5", *idle)
        assert (code, f"{idle[0]} affects picking" in err) == (2, True)
    assert run_command(capfd, "plan", plates, "--coverage", 0.9, "--drop-key", 2)[0] == 0
    assert run_command(capfd, "plan", project, "--keyframes", "1,5", "-q") == (0, "", "")
    (project / "project.toml").unlink()
    assert run_command(capfd, "plan", plates, "--keyframes", "1,5")[0] == 0
    assert "requested" in run_command(capfd, "plan", project)[1]
    assert "requested" not in run_command(capfd, "plan", project, "--max-keyframes", 2)[1]


@pytest.mark.slow
def test_former_name_works_with_a_warning(capfd, plates):
    renamed = "warning: --keys-for is now --optimise-for; the old name will be removed in version 0.2\n"
    project = plates.parent / "plates.stylize"
    code, out, err = run_command(capfd, "plan", plates, "--keys-for", "worst", "--rate", 24)
    assert (code, err) == (0, renamed)
    assert run_command(capfd, "plan", plates, "--optimise-for", "worst")[:2] == (0, out)
    stored = (project / "project.toml").read_text()
    assert 'optimise_for = "worst"' in stored
    (project / "project.toml").write_text(stored.replace("optimise_for", "keys_for"))
    code, again, err = run_command(capfd, "plan", project)
    assert (code, again) == (0, out)
    renamed = "keys_for is now optimise_for; the old name will be removed in version 0.2"
    assert err == f"warning: {project / 'project.toml'}: {renamed}\n"
    assert run_command(capfd, "plan", plates, "--keys-for", "worst", "-q") == (0, "", "")
    assert "keys-for" not in run_command(capfd, "--help-all")[1]


@pytest.mark.slow
def test_former_name_replaces_stored_keyframes(capfd, plates):
    assert run_command(capfd, "plan", plates, "--keyframes", "1,5")[0] == 0
    code, out, _ = run_command(capfd, "plan", plates.parent / "plates.stylize", "--keys-for", "worst")
    assert (code, "requested" in out) == (0, False)


@pytest.mark.slow
def test_add_and_drop_options_may_be_repeated(capfd, plates):
    out = run_command(
        capfd, "plan", plates, "--add-key", "3", "--add-key", "5,6", "--keyframes", "1", "--drop-key", "1"
    )[1]
    assert [line.split()[0] for line in out.splitlines() if "requested" in line] == ["3", "5", "6"]


def on_terminal(words, stop_at=None):
    """Run the command with stderr on a terminal; return (exit code, displayed text). Press Ctrl-C at ``stop_at``."""
    leader, follower = pty.openpty()
    opening = f"import os; terminal = os.open({os.ttyname(follower)!r}, os.O_RDWR)"
    run = forked_python.Program(
        ["-m", "cli", *words], before=f"{opening}; os.dup2(terminal, 0); os.dup2(terminal, 2); os.close(terminal)"
    )
    shown, stopped, ended = "", False, False
    # What the command writes last is read after it has ended.
    while select.select([leader], [], [], 0 if ended else 0.05)[0] or not ended:
        if select.select([leader], [], [], 0)[0]:
            shown += os.read(leader, 4096).decode(errors="replace")
        else:
            ended = run.poll() is not None
        if stop_at and stop_at in shown and not stopped:
            stopped = True
            run.send_signal(signal.SIGINT)
    os.close(follower)
    os.close(leader)
    return run.wait(), shown


@pytest.mark.slow
def test_terminal_gets_a_progress_bar_per_stage(plates, keys):
    code, shown = on_terminal([plates, "--keys", keys])
    assert code == 0
    assert all(stage in shown for stage in ("split ", "propagate ", "export "))
    assert "14/14" in shown  # two keys, and six frames passed twice
    assert "\x1b[?25h" in shown  # the cursor is back
    assert "[#" not in on_terminal([plates, "--keys", keys, "-q"])[1]


@pytest.mark.slow
def test_ctrl_c_ends_the_bar_with_one_line(tmp_path, keys):
    # Long enough not to finish before the signal arrives.
    plates = folder_of(tmp_path / "long", scene(28))
    code, shown = on_terminal([plates, "--keys", keys], stop_at="propagate")
    assert code == 130
    last = shown.replace("\x1b[?25h", "").rstrip().splitlines()[-1]
    assert last.startswith("stylize: stopped")
    assert "Traceback" not in shown
    assert on_terminal([plates, "--keys", keys])[0] == 0


@pytest.mark.slow
def test_help_takes_less_than_half_a_second_of_cpu():
    best = 9.0
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, "-m", "cli", "--help"], capture_output=True, check=True)
        after = os.times()
        # CPU time, not wall-clock time: concurrent load does not count.
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        best = min(best, spent)
    assert best < 0.5


def test_group_has_all_commands():
    names = {"run", "plan", "looks", "matte", "report", "check", "clean", "pick", "preset", "review", "version"}
    names |= {"approve", "note", "warm"}
    assert set(cli.command.commands) == names
    assert click.testing.CliRunner().invoke(cli.command, ["plan", "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (StageProgress("split", 3, 12), "3/12"),
        (StageProgress("render", 0, 2, seconds_left=4.2, part=0.5, place=3, places=6),
         "0/2, stage 3 of 6, 4 s left in this stage"),
        (StageProgress("render", 1, 2, seconds_left=4.2, place=3, places=6, run_seconds_left=200.0),
         "1/2, stage 3 of 6, 3 min left"),
        (StageProgress("export", 2, 9, seconds_left=0.1, place=6, places=6, run_seconds_left=0.1),
         "2/9, stage 6 of 6, 1 s left"),
        (StageProgress("export", 9, 9, seconds_left=0.0, place=6, places=6, run_seconds_left=0.0),
         "9/9, stage 6 of 6"),
        (StageProgress("propagate", 2, 9, place=5, places=6, run_seconds_left=5400.0),
         "2/9, stage 5 of 6, 1 h 30 min left"),
    ],
)  # fmt: skip
def test_bar_shows_steps_place_and_time_left(event, text):
    assert _progress_text(event) == text


def test_bar_moves_while_a_key_is_painted(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    console = _Console(False, False)
    places = []
    for part in (0.0, 0.25, 0.5):
        console.receive(StageProgress("render", 1, 2, part=part))
        places.append(console._bar.pos)
    console.receive(StageProgress("render", 2, 2))
    places.append(console._bar.pos)
    console.close()
    assert places == [100, 125, 150, 200]

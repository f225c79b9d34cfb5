"""The words of the command and what it says; what it makes is tested from end to end elsewhere."""

import os
import pty
import re
import signal
import subprocess
import sys

import click.testing
import pytest

import cli
from stylize.media.images import write_image
from stylize.settings import GROUPS, MATTE_OPTIONS, OPTIONS
from tests.sliding import folder_of, picture, scene


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "keys").mkdir()
    for number in (1, 8):
        write_image(tmp_path / "keys" / f"{number}.png", picture(20 * number))
    return tmp_path / "keys"


def said(capfd, *words):
    """(exit code, stdout, stderr) of the command in this process."""
    try:
        cli.main([str(word) for word in words])
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    out = capfd.readouterr()
    return code, out.out, out.err


def test_help_shows_all_options_in_their_groups(capfd):
    code, out, _ = said(capfd, "--help")
    assert code == 0
    places = [out.index(f"\n{group}:") for group in GROUPS]
    assert places == sorted(places)
    for option in OPTIONS.values():
        begin = places[GROUPS.index(option.group)]
        assert all(flag in out[begin:] for flag in option.flags)
    assert "plan" in out[places[-1] :]


def test_help_of_mattes_shows_its_options_in_groups_of_their_own(capfd):
    code, out, _ = said(capfd, "matte", "--help")
    assert code == 0
    groups = [group for group in GROUPS if any(option.group == group for option in MATTE_OPTIONS.values())]
    assert re.findall(r"^(\S.*):$", out, re.M) == groups
    places = [out.index(f"\n{group}:") for group in groups] + [len(out)]
    for option in MATTE_OPTIONS.values():
        at = groups.index(option.group)
        assert all(f"{flag} " in out[places[at] : places[at + 1]] for flag in option.flags[-1:])


def test_help_tells_a_default_of_one(capfd):
    out = " ".join(said(capfd, "--help")[1].split())
    assert "and the threads. [default: 1]" in out


def test_no_words_show_the_help(capfd):
    code, out, _ = said(capfd)
    assert code == 2
    assert "--style" in out


def test_the_version_is_told(capfd):
    code, out, _ = said(capfd, "--version")
    assert code == 0
    assert out.startswith("stylize, version ")


@pytest.mark.parametrize(
    ("words", "code", "told"),
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
def test_a_mistake_gets_one_line_and_its_code(capfd, plates, words, code, told):
    found, out, err = said(capfd, *(word.format(plates=plates) for word in words))
    assert found == code
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("stylize: ")
    assert told in err


def test_it_says_what_was_made_and_what_was_kept(capfd, plates, keys):
    code, out, err = said(capfd, plates, "--keys", keys)
    assert (code, err) == (0, "")
    assert "keyframe 1: painted" in out
    assert "frames: 8 made, 0 reused" in out
    write_image(plates.parent / "plates.stylize" / "keys" / "new.4.png", picture(90))
    assert "frames: 6 made, 2 reused" in said(capfd, plates, "--keys", keys)[1]
    assert "frames: 0 made, 8 reused" in said(capfd, plates, "--keys", keys)[1]


def test_it_says_when_there_is_nothing_to_refine(capfd, tmp_path):
    still = folder_of(tmp_path / "still", [scene(1)[0]] * 6)
    write_image(tmp_path / "ref.png", picture(120))
    code, out, err = said(capfd, still, "--style", tmp_path / "ref.png", "--refine", 2, "--to", "propagate")
    assert (code, err) == (0, "")
    assert "refined: no further keyframe would pay" in out


def test_quiet_says_nothing_but_errors(capfd, plates, keys):
    assert said(capfd, plates, "--keys", keys, "-q") == (0, "", "")
    code, out, err = said(capfd, plates, "-q", "--keys", "none")
    assert (code, out) == (1, "")
    assert "none" in err


def test_verbose_names_the_stages(capfd, plates, keys):
    err = said(capfd, plates, "--keys", keys, "-v")[2]
    assert [stage for stage in ("split", "propagate", "export") if f"{stage}:" in err] == [
        "split",
        "propagate",
        "export",
    ]


def test_a_plan_tells_cuts_keys_reasons_and_time(capfd, tmp_path):
    folder = folder_of(tmp_path / "two", [*scene(6), *[p // 8 for p in scene(6, seed=8)]])
    code, out, err = said(capfd, "plan", folder)
    assert (code, err) == (0, "")
    assert "shot 1: frames 1-6" in out
    assert "shot 2: frames 7-12" in out
    assert re.search(r"shot 2: frames 7-12, explained to \d+% on average, \d+% at least \(frame \d+\)", out)
    row = r"^ +(\d+)  00:00:00:(\d\d) +\d+\.\d%  (first frame of the shot|shows the most of the shot)$"
    rows = re.findall(row, out, re.M)
    assert [int(frame) for frame, _, _ in rows] == [1 + int(frames) for _, frames, _ in rows]
    assert [int(frame) < 7 for frame, _, _ in rows] == [True, False]
    assert "about " in out
    assert [line for line in out.splitlines() if line.startswith("wrote: ")] == [
        f"wrote: {tmp_path / 'two.stylize' / name}" for name in ("keys.csv", "plan.png")
    ]
    assert not list((tmp_path / "two.stylize" / "keys").iterdir())


def test_words_about_picking_and_named_keyframes_take_each_others_place_in_a_project(capfd, plates):
    project = plates.parent / "plates.stylize"
    assert said(capfd, "plan", plates, "--max-keyframes", 2, "--min-gap", 3)[0] == 0
    assert said(capfd, "plan", project, "--keyframes", "1,5", "-q") == (0, "", "")
    for idle in ("--min-gap", 2), ("--coverage", 0.9):
        code, _, err = said(capfd, "plan", project, "--keyframes", "1,5", *idle)
        assert (code, f"{idle[0]} is about picking" in err) == (2, True)
    assert said(capfd, "plan", plates, "--coverage", 0.9, "--drop-key", 2)[0] == 0
    assert said(capfd, "plan", project, "--keyframes", "1,5", "-q") == (0, "", "")
    (project / "project.toml").unlink()
    assert said(capfd, "plan", plates, "--keyframes", "1,5")[0] == 0
    assert "asked for" in said(capfd, "plan", project)[1]
    assert "asked for" not in said(capfd, "plan", project, "--max-keyframes", 2)[1]


def test_a_former_name_works_with_a_warning(capfd, plates):
    renamed = "warning: --keys-for is now --optimise-for; version 0.2 removes the old name\n"
    project = plates.parent / "plates.stylize"
    code, out, err = said(capfd, "plan", plates, "--keys-for", "worst")
    assert (code, err) == (0, renamed)
    assert said(capfd, "plan", plates, "--optimise-for", "worst")[:2] == (0, out)
    stored = (project / "project.toml").read_text()
    assert 'optimise_for = "worst"' in stored
    (project / "project.toml").write_text(stored.replace("optimise_for", "keys_for"))
    code, again, err = said(capfd, "plan", project)
    assert (code, again) == (0, out)
    assert (
        err == f"warning: {project / 'project.toml'}: keys_for is now optimise_for; version 0.2 removes the old name\n"
    )
    assert said(capfd, "plan", plates, "--keys-for", "worst", "-q") == (0, "", "")
    assert "keys-for" not in said(capfd, "--help")[1]


def test_a_former_name_takes_the_place_of_keyframes_in_a_project(capfd, plates):
    assert said(capfd, "plan", plates, "--keyframes", "1,5")[0] == 0
    code, out, _ = said(capfd, "plan", plates.parent / "plates.stylize", "--keys-for", "worst")
    assert (code, "asked for" in out) == (0, False)


def test_frames_may_be_added_and_dropped_in_several_words(capfd, plates):
    out = said(capfd, "plan", plates, "--add-key", "3", "--add-key", "5,6", "--keyframes", "1", "--drop-key", "1")[1]
    assert [line.split()[0] for line in out.splitlines() if "asked for" in line] == ["3", "5", "6"]


def on_terminal(words, stop_at=None):
    """(exit code, what was shown) of the command with stderr on a terminal; Ctrl-C when ``stop_at`` is shown."""
    leader, follower = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "cli", *map(str, words)], stdout=subprocess.DEVNULL, stderr=follower, stdin=follower
    )
    os.close(follower)
    shown, stopped = "", False
    while True:
        try:
            part = os.read(leader, 4096).decode(errors="replace")
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
        if stop_at and stop_at in shown and not stopped:
            stopped = True
            run.send_signal(signal.SIGINT)
    os.close(leader)
    return run.wait(), shown


def test_a_terminal_gets_a_bar_for_each_stage(plates, keys):
    code, shown = on_terminal([plates, "--keys", keys])
    assert code == 0
    assert all(stage in shown for stage in ("split ", "propagate ", "export "))
    assert "14/14" in shown  # two keys, and six frames passed twice
    assert "\x1b[?25h" in shown  # the cursor is back
    assert "[#" not in on_terminal([plates, "--keys", keys, "-q"])[1]


def test_ctrl_c_ends_the_bar_and_says_one_line(tmp_path, keys):
    # Long enough not to be done before the signal comes.
    plates = folder_of(tmp_path / "long", scene(28))
    code, shown = on_terminal([plates, "--keys", keys], stop_at="propagate")
    assert code == 130
    last = shown.replace("\x1b[?25h", "").rstrip().splitlines()[-1]
    assert last.startswith("stylize: stopped")
    assert "Traceback" not in shown
    assert on_terminal([plates, "--keys", keys])[0] == 0


def test_help_takes_less_than_half_a_second():
    best = 9.0
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, "-m", "cli", "--help"], capture_output=True, check=True)
        after = os.times()
        # Of processors, not of the clock: what else runs meanwhile does not count.
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        best = min(best, spent)
    assert best < 0.5


def test_the_group_holds_all_commands():
    assert set(cli.command.commands) == {"run", "plan", "matte", "report", "check", "clean"}
    assert click.testing.CliRunner().invoke(cli.command, ["plan", "--help"]).exit_code == 0

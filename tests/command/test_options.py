"""Every option of version 0.1 is accepted; misspelt options and those of other programs lead to the right one."""

from pathlib import Path

import click
import pytest

import cli

# One line per option of each command: command, flag, and whether it takes a value; recorded from version 0.1.
LINES = Path(__file__).with_name("options_0_1.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", LINES)
def test_option_of_previous_version_is_accepted(line):
    name, flag, kind = line.split()
    asked = cli.command if name == "-" else cli.command.commands[name]
    words = [flag] if kind == "flag" else [flag, "value"]
    if name == "-":
        with pytest.raises(click.exceptions.Exit) as stop:
            asked.make_context(name, words)
        assert stop.value.exit_code == 0
        return
    ctx = asked.make_context(name, ["shot", *words])
    (param,) = (param for param in asked.params if flag in param.opts)
    assert ctx.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
    assert ctx.params[param.name] in (True, "value", ("value",))


def test_list_of_options_is_complete():
    assert len(LINES) == len(set(LINES)) > 200
    assert {line.split()[0] for line in LINES} == {"-", "run", "plan", "matte", "report", "check", "clean"}


def stderr_of(capfd, *words):
    with pytest.raises(SystemExit) as stop:
        cli.main([str(word) for word in words])
    out = capfd.readouterr()
    assert out.out == ""
    return stop.value.code, out.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--strength", "0.5"], "--denoise"),
        (["--denoising-strength=0.5"], "--denoise"),
        (["--reference", "a.png"], "--style"),
        (["--mask", "m/"], "--matte"),
        (["--ckpt", "sd.safetensors"], "--model"),
        (["--cfg_scale", "7"], "--cfg"),
        (["--start", "5"], "--frames"),
        (["--cpu"], "--device cpu"),
        (["-y"], "--overwrite"),
        (["-crf", "18"], "--codec"),
        (["-j", "4"], "--jobs"),
        (["--styl", "a.png"], "--style"),
        (["--stlye", "a.png"], "--style"),
        (["--matte-file", "m.png"], "--matte"),
    ],
)
def test_unknown_option_suggests_its_synonym(capfd, words, meant):
    code, err = stderr_of(capfd, "shot.mp4", *words)
    assert (code, err.count("\n")) == (2, 1)
    assert f"there is no option {words[0].partition('=')[0]}, did you mean {meant}? See stylize --help." in err


def test_option_without_a_counterpart_is_explained(capfd):
    assert "continues where it stopped" in stderr_of(capfd, "shot.mp4", "--resume")[1]
    assert "the shot needs no option" in stderr_of(capfd, "-i", "shot.mp4")[1]
    assert "stylize plan SHOT" in stderr_of(capfd, "shot.mp4", "--dry-run")[1]


@pytest.mark.parametrize(
    "words", [("",), ("plan", ""), ("matte", "", "-o", "m/"), ("report", ""), ("preset", "save", "", "a")]
)
def test_empty_path_is_a_usage_error(capfd, words):
    code, err = stderr_of(capfd, *words)
    assert code == cli.USAGE_ERROR
    assert "expected a path, found an empty one" in err


def test_usage_error_names_the_help_of_its_command(capfd):
    assert stderr_of(capfd, "report", "p", "--style", "a.png")[1] == (
        "stylize: there is no option --style. See stylize report --help.\n"
    )
    assert stderr_of(capfd, "clean", "p", "q")[1] == (
        "stylize: Got unexpected extra argument (q). See stylize clean --help.\n"
    )


def test_option_of_another_command_names_that_command(capfd):
    assert "--chroma is an option of stylize matte." in stderr_of(capfd, "shot.mp4", "--chroma", "green")[1]
    assert "--style is an option of stylize SHOT." in stderr_of(capfd, "matte", "shot.mp4", "--style", "a.png")[1]
    assert "did you mean --key?" in stderr_of(capfd, "matte", "shot.mp4", "--mask", "a.png")[1]


def test_no_suggestion_without_a_close_match(capfd):
    code, err = stderr_of(capfd, "shot.mp4", "--xyzzy")
    assert (code, err) == (2, "stylize: there is no option --xyzzy. See stylize --help.\n")

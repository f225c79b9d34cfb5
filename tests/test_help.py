"""The help of the command: ten essential options, the others by group, and those that each command reads."""

import json
import re
import subprocess
import sys

import click
import pytest

import cli
from stylize.settings import GROUPS, LOOKS_OPTIONS, MATTE_OPTIONS, OPTIONS, PLAN_OPTIONS
from stylize.settings.extension_options import EXTENSION_OPTIONS
from stylize.settings.groups import GROUP_HELP, group_word, groups_of

# Options of extensions have flags of their own, see tests/extensions.
COMMANDS = {"run": OPTIONS, "plan": PLAN_OPTIONS, "matte": MATTE_OPTIONS, "looks": LOOKS_OPTIONS}
READ = {
    command: {name: option for name, option in options.items() if option.type is not EXTENSION_OPTIONS}
    for command, options in COMMANDS.items()
}
# Modules that the help must not import.
HEAVY = {"numpy", "cv2", "av", "numba", "OpenImageIO", "torch", "scenedetect", "scipy", "onnxruntime", "diffusers"}


def run_command(capfd, *words):
    """Run the command in this process; return (exit code, stdout, stderr)."""
    try:
        cli.main([str(word) for word in words])
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    out = capfd.readouterr()
    return code, out.out, out.err


def flags_in(text):
    """Flags at the beginning of the lines of a help text."""
    return {flag for line in re.findall(r"^  (-.*)$", text, re.M) for flag in re.findall(r"(?:^|, )(--?[\w-]+)", line)}


def own_flags(options):
    return {flag for option in options for flag in option.flags}


GENERAL = {"-q", "--quiet", "-v", "--verbose", "-h", "--help", "--help-all"}


@pytest.mark.parametrize(
    ("name", "words"), [("run", ()), ("run", ("run",)), ("plan", ("plan",)), ("matte", ("matte",))]
)
def test_help_shows_ten_options_and_lists_the_groups(capfd, name, words):
    code, out, err = run_command(capfd, *words, "--help")
    assert (code, err) == (0, "")
    essential = [option for option in READ[name].values() if option.essential]
    assert len(essential) == (9 if name == "plan" else 10)
    assert flags_in(out) - GENERAL - {"--version"} == own_flags(essential)
    assert flags_in(out) >= GENERAL
    listed = out[out.index("--help GROUP") :]
    for group in groups_of(READ[name].values()):
        assert re.search(rf"^  {group_word(group)} +[A-Z]", listed, re.M)


def test_help_lists_the_other_commands(capfd):
    out = run_command(capfd, "--help")[1]
    assert "--version" in flags_in(out)
    for name in cli.command.commands.keys() - {"run"}:
        assert re.search(rf"^  {name} +[A-Z]", out, re.M)


@pytest.mark.parametrize("name", READ)
def test_full_help_lists_exactly_the_options_that_the_command_reads(capfd, name):
    code, out, _ = run_command(capfd, name, "--help-all")
    assert code == 0
    assert flags_in(out) == own_flags(READ[name].values())
    assert re.findall(r"^(\S.*):$", out, re.M) == list(groups_of(READ[name].values()))
    if name == "run":
        assert out == run_command(capfd, "--help-all")[1]


def test_plan_help_has_all_planning_options_and_no_codecs():
    assert not {"codec", "bits", "fps", "export", "boil", "jobs", "from_stage", "to_stage"} & PLAN_OPTIONS.keys()
    assert {"coverage", "min_gap", "keyframes", "matte", "frames", "split", "style"} <= PLAN_OPTIONS.keys()


@pytest.mark.parametrize("name", READ)
def test_help_of_a_group_shows_its_options(capfd, name):
    for group in groups_of(READ[name].values()):
        members = [option for option in READ[name].values() if option.group == group]
        for word in (group_word(group), group.upper()):
            code, out, _ = run_command(capfd, name, "--help", word)
            assert code == 0
            assert flags_in(out) == own_flags(members)
            assert out.startswith(f"{group}:\n")
            if len(members) > 1:
                assert GROUP_HELP[group].split()[0] in out


def test_command_accepts_the_name_of_a_help_group(capfd):
    assert run_command(capfd, "--help", "motion") == run_command(capfd, "run", "--help", "motion")
    assert (
        run_command(capfd, "-h", "motion")
        == run_command(capfd, "--help=motion")
        == run_command(capfd, "--help", "motion")
    )
    assert run_command(capfd, "--help", "plan") == run_command(capfd, "plan", "--help")


def test_help_of_one_option_shows_its_default(capfd):
    code, out, _ = run_command(capfd, "--help", "jobs")
    assert code == 0
    assert "different spans between keys. [default: 1]" in " ".join(out.split())
    assert flags_in(run_command(capfd, "--help", "no-split")[1]) == {"--no-split"}


@pytest.mark.parametrize(
    "words", [("--help", "keyframe"), ("plan", "--help", "keyframe"), ("shot.mp4", "--help", "keyframe")]
)
def test_unknown_help_topic_lists_the_groups(capfd, words):
    code, out, err = run_command(capfd, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no help on 'keyframe', did you mean keyframes? The groups are main, keyframes, look" in err


@pytest.mark.parametrize(
    ("word", "meant"), [("cfg-scale", "cfg"), ("mask", "matte"), ("denoising_strength", "denoise")]
)
def test_help_on_a_synonym_shows_our_option(capfd, word, meant):
    assert f"no help on {word!r}, did you mean {meant}? The groups" in run_command(capfd, f"--help={word}")[2]


def test_every_group_has_a_sentence_and_a_name_of_one_word():
    assert tuple(GROUP_HELP) == GROUPS
    for group, sentence in GROUP_HELP.items():
        assert re.fullmatch(r"[A-Z][^.]*\.", sentence), group
        assert re.fullmatch(r"[a-z]+", group_word(group))


@pytest.mark.slow
def test_plan_accepts_unused_options_with_a_note(capfd, plates):
    code, out, err = run_command(
        capfd, "plan", plates, "--rate", "24", "--codec", "h264", "-o", plates.parent / "x.mp4", "--coverage", "0.8"
    )
    assert (code, err) == (0, "note: stylize plan does not use --output\nnote: stylize plan does not use --codec\n")
    assert run_command(capfd, "plan", plates, "--rate", "24", "--coverage", "0.8", "-q") == (0, "", "")
    assert (
        out.splitlines()[-1]
        == run_command(capfd, "plan", plates, "--rate", "24", "--coverage", "0.8")[1].splitlines()[-1]
    )


@pytest.mark.slow
def test_help_imports_nothing_heavy():
    code = (
        "import atexit, json, sys; atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr));"
        "import cli; cli.main({words})"
    )
    for words in (["--help"], ["--help", "diffusion"], ["plan", "--help-all"], ["matte", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code.format(words=words)], capture_output=True, text=True, check=True
        )
        loaded = {name.partition(".")[0] for name in json.loads(done.stderr)}
        assert not HEAVY & loaded


def test_only_former_or_unread_options_are_hidden():
    for name, options in READ.items():
        visible = {
            param.name
            for param in cli.command.commands[name].params
            if isinstance(param, click.Option) and not param.hidden
        }
        assert visible - {"quiet", "verbose", "help", "help_all"} == set(options)

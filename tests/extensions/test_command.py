"""Extensions of other distributions from the command line, of each kind."""

import csv
import resource
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest

from stylize.media.images import read_image, write_image
from tests.recipe import install, recipe_commands, write_recipe
from tests.sliding import picture

GROUPS = ("stylize.renderers", "stylize.flow", "stylize.exporters", "stylize.segmenters")
# Modules that a light command must not import.
HEAVY = {"numpy", "cv2", "numba", "av", "OpenImageIO", "torch", "scenedetect", "onnxruntime"}


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "keys").mkdir()
    for number in (1, 8):
        write_image(tmp_path / f"keys/{number}.png", picture(20 * number))
    return tmp_path / "keys"


@pytest.mark.slow
def test_help_covers_an_extension_and_its_options(command, recipe_site):
    whole = command("--help", "pencil", sites=[recipe_site]).stdout
    assert "--renderer pencil, from stylize-pencil 1.0:" in whole
    assert "--pencil-width 0.5..20" in whole
    assert "--pencil-darker" in whole
    one = command("--help", "pencil-width", sites=[recipe_site]).stdout
    assert "--pencil-width 0.5..20" in one
    assert "--pencil-darker" not in one


@pytest.mark.slow
def test_commands_of_the_recipe_work(command, plates, keys, recipe_site, tmp_path):
    ran = {}
    for line in recipe_commands()[1:]:
        program, *words = shlex.split(line)
        assert program == "stylize"
        done = command(*words, sites=[recipe_site])
        assert done.returncode == 0, f"{line}: {done.stderr}"
        ran[line] = done.stdout
    texts = list(ran.values())
    assert "extension: --renderer pencil, renderer, from stylize-pencil 1.0" in texts[0]
    for text in ("--pencil-width 0.5..20", "--pencil-paper white|cream", "Press harder."):
        assert text in texts[1]
    assert "1 rendered" in texts[2] or "2 rendered" in texts[2]
    assert len(list((tmp_path / "drawn").iterdir())) == 8
    with (tmp_path / "panned/plate_frames.csv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["frame"] for row in rows if row["key"]] == ["1", "8"]
    matte = read_image(tmp_path / "mattes/plate.0001.png")
    plate = read_image(tmp_path / "plates/plate.0001.png").mean(axis=2) >= 0.4 * 255
    assert ((matte[..., 0] > 32767) == plate).mean() > 0.95  # it is smoothed over time
    masked, plain = read_image(tmp_path / "masked/plate.0004.png"), read_image(tmp_path / "plates/plate.0004.png")
    outside = read_image(next((tmp_path / "masked.stylize/mask").rglob("plate.0004.png")))[..., 0] == 0
    assert outside.any()
    np.testing.assert_array_equal(masked[outside], plain[outside])
    assert (masked != plain).any()


@pytest.mark.slow
def test_options_are_stored_and_part_of_the_cache_key(command, plates, recipe_site, tmp_path):
    first = command(plates, "--renderer", "pencil", "--pencil-width", 2, "--keyframes", 4, "--to", "render",
                    sites=[recipe_site])  # fmt: skip
    assert "1 rendered" in first.stdout, first.stderr
    project = tmp_path / "plates.stylize"
    assert "[settings.renderer_options]\nwidth = 2.0" in (project / "project.toml").read_text()
    again = command(project, "--to", "render", sites=[recipe_site])
    assert "0 rendered, 0 painted, 1 reused" in again.stdout, again.stderr
    darker = command(project, "--to", "render", "--pencil-darker", sites=[recipe_site])
    assert "1 rendered" in darker.stdout, darker.stderr
    text = (project / "project.toml").read_text()
    assert "width = 2.0" in text  # an additional flag keeps the others
    assert "darker = true" in text
    other = command(project, "--to", "render", "--renderer", "painted", "--keys", tmp_path, sites=[recipe_site])
    assert "renderer_options" not in (project / "project.toml").read_text(), other.stderr


@pytest.mark.slow
def test_new_version_of_a_distribution_keeps_keys_and_says_so(command, plates, recipe_site, tmp_path):
    import shutil

    newer = tmp_path / "newer"
    shutil.copytree(recipe_site, newer)
    [metadata] = newer.glob("*.dist-info")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stylize-pencil\nVersion: 1.1\n")
    words = (plates, "--renderer", "pencil", "--keyframes", 4, "--to", "render")
    assert "1 rendered" in command(*words, sites=[recipe_site]).stdout
    assert "1 reused" in command(*words, sites=[recipe_site]).stdout
    kept = command(*words, sites=[newer])
    assert "1 reused" in kept.stdout
    assert "stylize-pencil-1.0-1, now stylize-pencil-1.1-1: keyframe 4; --repaint 4 renders it again" in kept.stderr
    assert "1 rendered" in command(*words, "--repaint", 4, sites=[newer]).stdout


@pytest.mark.slow
def test_layer_takes_options_of_an_extension(command, plates, recipe_site, tmp_path):
    write_image(tmp_path / "m.png", picture(255))
    done = command(
        plates, "--renderer", "pencil", "--pencil-paper", "cream", "--keyframes", 4, "--to", "render", "--layer",
        "matte=m.png,pencil-width=5,pencil-darker=true", "--layer", "matte=m.png,pencil-width=7", sites=[recipe_site],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "plates.stylize/project.toml").read_text()
    assert 'paper = "cream"' in text
    assert "width = 5.0" in text
    assert "width = 7.0" in text
    assert command(tmp_path / "plates.stylize", "--to", "render", sites=[recipe_site]).returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--renderer", "pencil", "--pencil-width", 50], "--pencil-width must be a number from 0.5 to 20, not '50'"),
        (["--renderer", "pencil", "--pencil-paper", "grey"], "--pencil-paper must be one of white, cream, not 'grey'"),
        (["--style", "a.png", "--pencil-width", 5], "--pencil-width is for --renderer pencil; give that too"),
        (["--renderer", "pencil", "--pencil-widht", 5], "no option --pencil-widht, did you mean --pencil-width?"),
        (["--renderer", "pencil", "--prompt", "oil"], "--prompt is for --renderer diffusion, not pencil"),
        (["--renderer", "pencil", "--structure", 0.7], "--structure is not used by --renderer pencil"),
        (["--renderer", "pencil", "--style", "a.png"], "--style is not used by --renderer pencil"),
        (["--renderer", "pencil", "--framelist-separator", "tab"], "--framelist-separator is for --export framelist"),
        (["--renderer", "pencil", "--matte", "auto", "--segmenter", "bright", "--matte-model", "x.onnx"],
         "--matte-model is not used by --segmenter bright"),
        (["--renderer", "pencil", "--matte", "click:1,1@1", "--segmenter", "bright"], "leave clicks and boxes out"),
        (["--renderer", "pencil", "--flow", "pan", "--flow-weights", "x.pth"], "--flow-weights needs --flow raft"),
        (["--renderer", "pen"], "one of example, painted, diffusion, a1111, auto, pencil, not 'pen'"),
    ],
)  # fmt: skip
def test_unknown_option_of_an_extension_is_refused(recipe_site, installed, capfd, words, message):
    import cli

    installed(recipe_site)
    with pytest.raises(SystemExit) as stop:
        cli.main(["plates", *map(str, words)])
    assert stop.value.code == cli.USAGE_ERROR
    [line] = capfd.readouterr().err.splitlines()
    assert message in line


def ten_extensions(site):
    """Install ten distributions whose modules record in a file that they were imported."""
    for number in range(10):
        group = GROUPS[number % 4]
        install(site, f"foreign-{number}", "1.0", {group: {f"one{number}": f"foreign_{number}:REGISTRATION"}})
        (site / f"foreign_{number}.py").write_text("import torch_is_not_here\n")
    return site


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["plan", "--help"]])
def test_help_is_light_with_ten_extensions(words, command, tmp_path):
    site = ten_extensions(tmp_path / "site")
    code = (
        "import atexit, sys; sys.argv[0] = 'stylize'; import cli\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); cli.main()"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False,
                          env={"PYTHONPATH": f"{site}:{Path(__file__).parents[2]}"})  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    modules = set(done.stderr.split())
    assert "cli" in modules
    assert not {name for name in modules if name.partition("_")[0] == "foreign"}
    assert not modules & HEAVY
    # CPU time, not wall-clock time: other tests may run at the same time.
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 0.5
    if words != ["plan", "--help"]:
        for number in range(10):
            assert f"one{number}" in done.stdout


@pytest.mark.parametrize("topic", ["look", "motion", "export", "matte"])
def test_group_help_lists_broken_extensions(topic, command, tmp_path):
    done = command("run", "--help", topic, sites=[ten_extensions(tmp_path / "site")])
    assert done.returncode == 0, done.stderr
    assert "broken" in done.stdout
    assert "torch_is_not_here" in " ".join(done.stdout.split())


def can_build():
    """Return whether setuptools builds wheels here without the package wheel."""
    try:
        return tuple(map(int, version("setuptools").split(".")[:2])) >= (70, 1)
    except PackageNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not can_build(), reason="the recipe needs setuptools 70.1 or newer")
def test_recipe_installs_with_pip(command, tmp_path):
    source, site = write_recipe(tmp_path / "source"), tmp_path / "site"
    assert recipe_commands()[0] == "python -m pip install ."
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index",
         "--disable-pip-version-check", "--target", site, "."],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = command("--version", sites=[site])
    assert "extension: --renderer pencil, renderer, from stylize-pencil 1.0" in found.stdout, found.stderr


@pytest.mark.slow
def test_project_names_its_missing_extension(command, plates, recipe_site, tmp_path):
    command(plates, "--renderer", "pencil", "--keyframes", 4, "--to", "pick", sites=[recipe_site])
    gone = command(tmp_path / "plates.stylize")
    assert gone.returncode == 2
    assert "project.toml: --renderer must be one of" in gone.stderr
    assert "not 'pencil'" in gone.stderr

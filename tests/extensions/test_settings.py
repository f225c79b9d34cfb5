"""Options of extensions in Python, in settings files, and in cache keys."""

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.errors import RendererError, SettingsError
from stylize.extensions import RendererRegistration, discovery, option
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.options import declared_options
from stylize.matting.networks import open_segmentation
from stylize.media.images import read_image, write_image
from stylize.motion.registered import open_flow
from stylize.project import read_project
from stylize.project.settings_file import write_settings
from stylize.renderers import RenderedKey, make_renderer
from stylize.save_preset import save_preset
from stylize.settings import Settings, looks_of, merge_settings, read_settings
from stylize.settings.command_words import command_words
from stylize.settings.extension_options import OwnOptions
from stylize.settings.input_files import inputs_of
from stylize.settings.network_matte import NetworkMatte
from stylize.settings.preset import read_preset, replaced_by
from stylize.settings.references import references_of
from tests.mypy_config import MYPY_CONFIG
from tests.recipe import write_recipe
from tests.sliding import picture


@pytest.fixture
def pencil(recipe_site, installed):
    installed(recipe_site)
    from stylize_pencil.registrations import PencilOptions

    return PencilOptions


def test_table_and_dataclass_are_equivalent(pencil):
    asked = Settings(renderer="pencil", renderer_options={"width": "5", "darker": True})
    assert asked.renderer_options == pencil(width=5.0, darker=True)
    assert Settings(renderer="pencil", renderer_options=pencil(width=5.0, darker=True)) == asked
    assert asked.stored() == {"renderer": "pencil", "renderer_options": {"width": 5.0, "darker": True}}
    assert read_settings(asked.stored(), "project.toml") == asked
    assert pickle.loads(pickle.dumps(asked)) == asked  # as for --jobs


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"widht": 3}, r"--renderer pencil of stylize-pencil 1\.0 has no option 'widht', there are width, paper"),
        ({"width": 0.1}, "--pencil-width must be a number from 0.5 to 20, not '0.1'"),
        ({"width": True}, "--pencil-width must be a number"),
        ({"darker": "yes"}, "--pencil-no-darker|--pencil-darker must be true or false"),
        (3, "must be a table of options"),
    ],
)
def test_bad_option_is_refused(pencil, given, message):
    with pytest.raises(SettingsError, match=message):
        Settings(renderer="pencil", renderer_options=given)


def test_options_of_another_renderer_are_refused(pencil):
    with pytest.raises(SettingsError, match=r"--renderer example has no option 'width', it has none"):
        Settings(style="a.png", renderer_options={"width": 3})
    with pytest.raises(SettingsError, match=r"the options of --renderer example must be a table or a NoOptions"):
        Settings(style="a.png", renderer_options=pencil())
    with pytest.raises(SettingsError, match=r"the options of framelist are for --export framelist"):
        Settings(style="a.png", export_options={"framelist": {}})
    with pytest.raises(SettingsError, match=r"--segmenter NAME"):
        Settings(style="a.png", matte="auto", matte_model="x.onnx", segmenter_options={"threshold": 0.5})


def test_later_sources_override_option_by_option(pencil):
    stored = {"renderer": "pencil", "renderer_options": {"width": 5.0}, "export": ["framelist"],
              "export_options": {"framelist": {"separator": "tab"}}}  # fmt: skip
    merged = merge_settings(stored, {"renderer_options": OwnOptions("pencil", {"darker": True})})
    assert Settings(**merged).renderer_options == pencil(width=5.0, darker=True)
    assert merge_settings(stored, {"renderer": "example"})["renderer_options"] is None
    alone = {"renderer_options": {"width": 5.0}}  # studio defaults for any run with that renderer
    assert merge_settings(alone, {"renderer": "pencil"})["renderer_options"] == {"width": 5.0}
    assert merge_settings(stored, {"export": "otio"})["export_options"] is None
    assert merge_settings(stored, {"export": "otio,framelist"})["export_options"] == stored["export_options"]


def test_layer_options_override_those_of_the_shot(pencil):
    asked = Settings(
        renderer="pencil", renderer_options={"width": 5, "darker": True},
        layers=["matte=a.png,pencil-width=7", "matte=b.png,renderer=example,style=c.png", "matte=d.png"],
    )  # fmt: skip
    first, second, third = (look.settings for look in looks_of(asked))
    assert first.renderer_options == pencil(width=7.0, darker=True)
    assert second.renderer_options is None
    assert third.renderer_options == pencil(width=5.0, darker=True)
    assert read_settings(asked.stored(), "project.toml") == asked
    with pytest.raises(SettingsError, match="layer 1: unknown setting"):
        Settings(renderer="pencil", layers=["matte=a.png,pencil-widht=7"])


@dataclass(frozen=True)
class PaperOptions:
    """Options of an extension that takes a file."""

    sheet: Path | None = option(None, "Picture of the paper.")
    count: int = option(1, "How many.", low=1)
    smooth: bool = option(True, "Smooth it.")


@pytest.fixture
def paper(monkeypatch):
    """Register a renderer in this module, without a stage of its own."""

    def put(**more):
        one = RendererRegistration("paper", "paper", f"{__name__}:Paper", PaperOptions, **more)
        monkeypatch.setattr(
            discovery, "BUILT_IN", {**BUILT_IN, "stylize.renderers": {**BUILT_IN["stylize.renderers"], "paper": one}}
        )
        monkeypatch.setattr("stylize.settings.option_types.BUILT_IN", discovery.BUILT_IN)
        monkeypatch.setitem(
            sys.modules, __name__, sys.modules.get(__name__) or __import__("types").ModuleType(__name__)
        )
        monkeypatch.setattr(sys.modules[__name__], "Paper", Paper, raising=False)
        Paper.asked = []
        return one

    return put


class Paper:
    """A renderer that returns the negative of the plate."""

    asked: list

    def __init__(self, setup):
        self.setup = setup

    def cache_key(self):
        return ""

    def render(self, request, on_step):
        Paper.asked.append(request)
        return RenderedKey(np.ascontiguousarray(1 - request.plate))


def test_flags_are_named_after_the_extension():
    declared = declared_options(PaperOptions, "wet-paper")
    assert {name: one.flag for name, one in declared.items()} == {
        "sheet": "--wet-paper-sheet", "count": "--wet-paper-count", "smooth": "--wet-paper-no-smooth",
    }  # fmt: skip
    assert [one.metavar for one in declared.values()] == ["PATH", "N", ""]
    assert declared["smooth"].flag_help == f"Turn off: {declared['smooth'].help}"
    assert declared["count"].flag_help == declared["count"].help
    assert declared["count"].description == "a whole number of 1 or more"


@pytest.mark.slow
def test_requests_follow_the_registration(paper, plates, tmp_path):
    write_image(tmp_path / "m.png", picture(128))
    asked = {"matte": str(tmp_path / "m.png"), "renderer": "paper", "keyframes": (4,), "to_stage": "render"}
    paper()
    stylize.run(plates, project=tmp_path / "a", **asked)
    assert Paper.asked[-1].matte is None
    paper(takes_matte=True, takes_controls=True, reads=("control",))
    stylize.run(plates, project=tmp_path / "b", control=[f"canny={tmp_path}/m.png"], **asked)
    assert Paper.asked[-1].matte.shape == Paper.asked[-1].plate.shape[:2]
    assert len(Paper.asked[-1].controls) == 1
    paper(needs_reference=True)
    with pytest.raises(SettingsError, match="--style PICTURE"):
        stylize.run(plates, project=tmp_path / "c", **asked)
    with pytest.raises(SettingsError, match="--control is for --renderer diffusion, not paper"):
        Settings(renderer="paper", style="a.png", control="canny")


def test_options_and_version_are_part_of_the_cache_key(paper):
    def key(**options):
        return make_renderer("paper", Settings(renderer="paper", renderer_options=options)).cache_key()

    paper()
    assert key() == key(count=1) != key(count=2)
    first = key()
    paper(version=2)
    assert key() != first


def test_another_version_of_an_extension_keeps_its_keys(paper, plates, tmp_path):
    asked = {"renderer": "paper", "keyframes": (4,), "to_stage": "render", "project": tmp_path / "p"}
    paper()
    assert stylize.run(plates, **asked).rendered == (4,)
    paper(version=2)
    messages = []
    assert stylize.run(plates, on_message=messages.append, **asked).rendered == ()
    assert any("kept although rendered with renderer paper " in line and "keyframe 4" in line for line in messages)
    assert stylize.run(plates, renderer_options={"count": 2}, **asked).rendered == (4,)


@pytest.mark.slow
def test_extension_that_describes_its_keys_keeps_those_that_do_not_change(paper, plates, tmp_path, monkeypatch):
    monkeypatch.setattr(Paper, "key_inputs", lambda self, frame, *, follows: {"late": frame > 2}, raising=False)
    monkeypatch.setattr(Paper, "environment", lambda self: {"device": "cpu"}, raising=False)
    asked = {"renderer": "paper", "keyframes": (1, 4), "to_stage": "render", "project": tmp_path / "p"}
    paper()
    assert stylize.run(plates, **asked).rendered == (1, 4)
    monkeypatch.setattr(Paper, "cache_key", lambda self: "other")
    monkeypatch.setattr(Paper, "environment", lambda self: {"device": "cuda"})
    assert stylize.run(plates, **asked).rendered == ()
    monkeypatch.setattr(Paper, "key_inputs", lambda self, frame, *, follows: {"late": frame > 9})
    assert stylize.run(plates, **asked).rendered == (4,)
    monkeypatch.setattr(Paper, "key_inputs", lambda self, frame, *, follows: {"late": object()})
    with pytest.raises(RendererError, match=r"--renderer paper failed \(TypeError"):
        stylize.run(plates, **asked)


def test_distribution_version_is_part_of_every_cache_key(pencil):
    estimator = open_flow(Settings(flow="pan", keys="keys"))[0]
    segmenter = open_segmentation(None, NetworkMatte(), "bright", {"threshold": 0.25}).segmenter
    renderer = make_renderer("pencil", Settings(renderer="pencil"))
    for one in (estimator, segmenter, renderer):
        assert "-stylize-pencil-1.0-1-" in one.cache_key()
    assert "('threshold', 0.25)" in segmenter.cache_key()


def test_path_option_is_an_input_and_resolves_from_any_folder(paper, tmp_path, monkeypatch):
    paper()
    write_image(tmp_path / "sheet.png", picture(3))
    monkeypatch.chdir(tmp_path)
    asked = Settings(renderer="paper", renderer_options={"sheet": "sheet.png"})
    assert inputs_of(asked).files == (tmp_path / "sheet.png",)
    assert asked.stored()["renderer_options"] == {"sheet": str(tmp_path / "sheet.png")}
    (tmp_path / "looks").mkdir()
    (tmp_path / "sheet.png").rename(tmp_path / "looks/sheet.png")
    (tmp_path / "looks/look.toml").write_text(
        '[settings]\nrenderer = "paper"\nrenderer_options = {sheet = "sheet.png"}\n'
    )
    read = read_preset(Path("looks/look.toml")).values
    assert Settings(**read).renderer_options.sheet == tmp_path / "looks/sheet.png"
    assert {one.text for one in references_of(read) if one.kind == "path"} == {str(tmp_path / "looks/sheet.png")}


def test_text_option_that_matches_a_file_name_stays_text(pencil, tmp_path, monkeypatch):
    (tmp_path / "cream").mkdir()
    monkeypatch.chdir(tmp_path)
    asked = Settings(renderer="pencil", renderer_options={"paper": "cream"})
    write_settings(tmp_path / "p.stylize", tmp_path / "plates", asked, "1")
    assert read_project(tmp_path / "p.stylize")[1] == asked
    (tmp_path / "look.toml").write_text('[settings]\nrenderer = "pencil"\nrenderer_options = {paper = "cream"}\n')
    assert Settings(**read_preset(tmp_path / "look.toml").values) == asked


def test_extension_options_are_saved_in_a_preset(pencil, tmp_path):
    asked = Settings(renderer="pencil", renderer_options=pencil(width=5.0, darker=True), seed=3)
    save_preset(asked, tmp_path / "look.toml")
    assert Settings(**read_preset(tmp_path / "look.toml").values) == asked
    assert "renderer_options" in replaced_by(read_preset(tmp_path / "look.toml"), {"renderer": "example"})


def test_extension_options_are_references_of_an_untrusted_project(paper, tmp_path):
    found = references_of({"renderer": "paper", "renderer_options": {"sheet": "/etc/passwd", "tone": "very dark"}})
    assert {(one.option, one.kind, one.text) for one in found} == {
        ("renderer", "service", "paper"), ("renderer_options", "path", "/etc/passwd"),
    }  # fmt: skip
    assert not references_of({"renderer": "example", "flow": "dis", "export": ["otio"]})
    found = references_of({"flow": "odd", "export": ["otio", "odd"], "segmenter": "odd"})
    assert {one.option for one in found} == {"flow", "export", "segmenter"}


@pytest.mark.slow
def test_estimator_of_an_extension_works_in_several_processes(pencil, recipe_site, plates, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(recipe_site), os.environ.get("PYTHONPATH", "")]))
    (tmp_path / "keys").mkdir()
    for number in (1, 8):
        write_image(tmp_path / f"keys/{number}.png", picture(20 * number))
    one, two = (
        stylize.run(plates, keys=tmp_path / "keys", flow="pan", jobs=jobs, project=tmp_path / f"{jobs}.stylize")
        for jobs in (1, 2)
    )
    plain = stylize.run(plates, keys=tmp_path / "keys", project=tmp_path / "dis.stylize")
    for frame, path in one.frames.items():
        np.testing.assert_array_equal(read_image(path), read_image(two.frames[frame]))
    assert any((read_image(path) != read_image(plain.frames[frame])).any() for frame, path in one.frames.items())


def test_error_of_an_extension_reaches_a_python_caller(paper, plates, tmp_path, monkeypatch):
    paper()
    monkeypatch.setattr(Paper, "render", lambda *_: 1 / 0)
    with pytest.raises(RendererError, match=r"--renderer paper failed \(ZeroDivisionError: division by zero\)"):
        stylize.run(plates, renderer="paper", keyframes=(4,), project=tmp_path / "p.stylize")


def test_table_of_an_extension_is_written_as_its_flags(recipe_site, installed):
    installed(recipe_site)
    for table in ({"width": 5, "darker": True, "paper": "white"}, OwnOptions("pencil", {"width": "5", "darker": True})):
        words = command_words({"renderer": "pencil", "renderer_options": table})
        assert words == ["--renderer", "pencil", "--pencil-width", "5.0", "--pencil-darker"]
    assert command_words({"renderer_options": None}) == []


@pytest.mark.slow
def test_recipe_passes_strict_mypy(tmp_path):
    source = write_recipe(tmp_path / "source")
    (source / "use.py").write_text(
        "import stylize\nfrom stylize_pencil.registrations import PencilOptions\n"
        'stylize.Settings(renderer="pencil", renderer_options=PencilOptions(width=5))\n'
        'stylize.Settings(renderer="pencil", renderer_options={"width": 5})\n'
        'PencilOptions(width="wide")  # type: ignore[arg-type]\n'
        "PencilOptions(widht=5)  # type: ignore[call-arg]\n"
    )
    (source / "mypy.ini").write_text(MYPY_CONFIG)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "mypy.ini", "--follow-imports", "silent",
         "--no-error-summary", "--python-version", "3.11", "stylize_pencil", "use.py"],
        cwd=source, capture_output=True, text=True, check=False,
        env={**os.environ, "MYPYPATH": str(Path(__file__).parents[2]), "MYPY_CACHE_DIR": str(tmp_path / "cache")},
    )  # fmt: skip
    faults = [
        line for line in done.stdout.splitlines() if "import-untyped" not in line and "import-not-found" not in line
    ]
    assert not [line for line in faults if ": error:" in line], done.stdout

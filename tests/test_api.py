"""The public API that other programs rely on: a change here is a change for them."""

import dataclasses
import inspect
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import stylize
from stylize import errors, events
from stylize.look_comparison.painted_look import LooksResult, PaintedLook
from stylize.result import Result
from stylize.settings import OPTIONS

NAMES = [
    "add_note", "Approval", "approve", "CancelFlag", "CancelledError", "check", "configure", "edit_note", "errors",
    "Event", "events", "export_notes", "FrameFinished", "KeyRendered", "LayerResult", "looks", "LooksResult",
    "LooksSettings", "LooksSettingsDict", "make_mattes", "MatteResult", "MatteSettings", "MatteSettingsDict", "Message",
    "Note", "NOTE_EXPORTS", "notes", "open", "PaintedLook", "PendingWork", "pick", "plan", "remove_note", "report",
    "Result", "run", "RunSession", "save_version", "Settings", "SettingsDict", "StageProgress", "StylizeError",
    "TaskDone", "TaskStarted", "Verdict", "Version",
]  # fmt: skip
CALLBACKS = ("on_event", "cancel", "on_progress", "on_message")


def test_public_names_are_pinned():
    assert sorted(stylize.__all__, key=str.casefold) == NAMES
    assert all(getattr(stylize, name) is not None for name in NAMES)
    assert set(NAMES) <= set(dir(stylize))
    with pytest.raises(AttributeError, match="module 'stylize' has no attribute 'rum'"):
        stylize.rum  # noqa: B018


def test_no_other_name_looks_public():
    code = "import stylize, types; print(*(n for n, v in vars(stylize).items() if not isinstance(v, types.ModuleType)))"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    typing_helpers = {"TYPE_CHECKING", "Unpack", "Path", "Cancel", "OnEvent", "OnMessage", "OnProgress", "Sequence"}
    typing_helpers |= {"Collection", "Literal", "Mapping"}
    assert {name for name in names if not name.startswith("_")} - set(NAMES) - typing_helpers == {"make_reporter"}


def test_public_function_is_not_shadowed_by_a_module(tmp_path):
    for call in (stylize.run, stylize.plan, stylize.looks, stylize.report, stylize.check):
        with pytest.raises(errors.StylizeError):
            call(tmp_path / "none")
    assert all(isinstance(getattr(stylize, name), types.FunctionType) for name in ("run", "plan", "report", "check"))


@pytest.mark.parametrize(
    ("function", "positional", "keywords", "options"),
    [
        ("run", ("shot", "settings"), CALLBACKS, "SettingsDict"),
        ("plan", ("shot", "settings"), CALLBACKS, "SettingsDict"),
        ("open", ("shot", "settings"), CALLBACKS[:2], "SettingsDict"),
        ("make_mattes", ("shot", "settings"), CALLBACKS, "MatteSettingsDict"),
        ("looks", ("shot", "settings"), CALLBACKS, "LooksSettingsDict"),
        ("configure", ("shot",), CALLBACKS, "SettingsDict"),
        ("report", ("project",), ("trust", "allow", *CALLBACKS), None),
        ("pick", ("project", "choices"), ("layer", "lock", "seed", "prompt", "trust", "allow", *CALLBACKS), None),
        ("check", ("folder",), ("update", "trust", "allow", *CALLBACKS), None),
        ("approve", ("project", "golden"), ("trust", "allow", *CALLBACKS), None),
        ("notes", ("project",), (), None),
        ("add_note", ("project", "frame", "text"), ("box", "trust", "allow"), None),
        ("edit_note", ("project", "number", "text"), (), None),
        ("remove_note", ("project", "number"), (), None),
        ("export_notes", ("project", "output"), ("kinds", "overwrite", "trust", "allow", *CALLBACKS), None),
        ("save_version", ("project", "name"), ("frames",), None),
    ],
)
def test_signatures_are_pinned(function, positional, keywords, options):
    parameters = inspect.signature(getattr(stylize, function)).parameters.values()
    kinds = [(one.name, one.kind) for one in parameters if one.kind is not inspect.Parameter.VAR_KEYWORD]
    assert kinds == [
        *((name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in positional),
        *((name, inspect.Parameter.KEYWORD_ONLY) for name in keywords),
    ]
    assert all(one.default is None for one in parameters if one.name in ("settings", *CALLBACKS))
    open_ended = [one.annotation for one in parameters if one.kind is inspect.Parameter.VAR_KEYWORD]
    assert [one.__args__[0].__name__ for one in open_ended] == ([options] if options else [])


def test_typed_packages_have_a_py_typed_marker():
    import masks
    import propagate

    shipped = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["tool"]["setuptools"]
    for package in (stylize, propagate, masks):
        assert (Path(package.__file__).parent / "py.typed").is_file()
        assert "py.typed" in shipped["package-data"][package.__name__]


def test_fields_of_a_result_are_pinned():
    assert [field.name for field in dataclasses.fields(Result)] == [
        "project", "frames", "shots", "rendered", "painted", "redone", "reused", "outputs", "notes", "pixels",
        "timecodes", "refinements", "settings", "layers", "scale", "full_seconds",
        "run_seconds", "candidates",
    ]  # fmt: skip


def test_fields_of_a_comparison_are_pinned():
    assert [field.name for field in dataclasses.fields(LooksResult)] == ["folder", "sheet", "text", "data", "looks"]
    assert [field.name for field in dataclasses.fields(PaintedLook)] == [
        "number", "frame", "style", "preset", "seed", "plate", "picture", "command", "shot_command", "is_new",
    ]  # fmt: skip


def test_fields_of_events_are_pinned():
    fields = {kind.__name__: [one.name for one in dataclasses.fields(kind)] for kind in stylize.Event.__args__}
    assert fields == {
        "StageProgress": [
            "stage",
            "done",
            "total",
            "layer",
            "seconds_left",
            "part",
            "place",
            "places",
            "run_seconds_left",
        ],
        "Message": ["text", "layer", "is_warning", "is_detail"],
        "TaskStarted": ["id"],
        "TaskDone": ["id"],
        "KeyRendered": ["frame", "path", "layer"],
        "FrameFinished": ["frame", "path", "layer"],
    }
    assert all(getattr(events, name) is getattr(stylize, name) for name in fields)


def test_every_error_is_a_documented_stylize_error():
    members = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    found = [kind for kind in members if not issubclass(kind, Warning)]
    assert {kind.__name__ for kind in found} == {
        "CancelledError", "ExtensionError", "FlowError", "FrameRangeError", "GuideError", "InputError", "JobError",
        "MatteError", "NoteError", "OutputError", "PaintedKeyError", "PlanError", "ProjectError", "RendererError",
        "ReviewError", "SequenceError", "SessionError", "SettingsError", "ShotError", "StyleError", "StylizeError",
    }  # fmt: skip
    assert all(issubclass(kind, stylize.StylizeError) and kind.__doc__ for kind in found)
    assert all(f" {kind.__name__} " in errors.__doc__ for kind in found if kind is not errors.StylizeError)
    assert set(members) - set(found) == {errors.RenamedOptionWarning}
    assert issubclass(errors.RenamedOptionWarning, FutureWarning)


def test_options_are_the_fields_of_settings():
    assert list(OPTIONS) == [field.name for field in dataclasses.fields(stylize.Settings)]


def test_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match=r"no option 'strukture'; did you mean 'structure'\?"):
        stylize.run("shot.mp4", strukture=1)
    with pytest.raises(TypeError, match=r"no option 'chrma'; did you mean 'chroma'\?"):
        stylize.make_mattes("shot.mp4", chrma="green")


@pytest.mark.parametrize("settings", [{"style": "a.png"}, stylize.MatteSettings(luma="0:1", output="m/")])
def test_settings_of_another_type_are_a_type_error(settings):
    with pytest.raises(TypeError, match=r"settings must be Settings, not (dict|MatteSettings); give single options"):
        stylize.run("shot.mp4", settings)
    with pytest.raises(TypeError, match="settings must be MatteSettings, not Settings"):
        stylize.make_mattes("shot.mp4", stylize.Settings(style="a.png"))


@pytest.mark.parametrize("name", ["on_event", "on_progress", "on_message", "cancel"])
def test_callback_that_is_not_callable_is_a_type_error_before_any_work(name):
    with pytest.raises(TypeError, match=f"^{name} must be .*, not int$"):
        stylize.run("none.mp4", **{name: 3})


def test_empty_path_is_not_a_shot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (stylize.run, stylize.plan, stylize.open):
        with pytest.raises(stylize.errors.ShotError, match="found an empty path"):
            call("", style="ref.png")
    with pytest.raises(stylize.errors.ShotError, match="found an empty path"):
        stylize.make_mattes("", luma="0:1", output="m/")


def test_single_frame_may_be_a_number():
    settings = stylize.Settings(style="a.png", keyframes=12, add_key=7)
    assert settings.keyframes == (12,)
    assert settings.add_key == (7,)
    with pytest.raises(stylize.errors.SettingsError):
        stylize.Settings(style="a.png", keyframes=True)


def test_former_name_of_an_option_gives_a_warning(tmp_path):
    with (
        pytest.warns(errors.RenamedOptionWarning, match="^keys_for is now optimise_for") as caught,
        pytest.raises(errors.ShotError, match="none"),
    ):
        stylize.plan(tmp_path / "none.mp4", keys_for="worst", max_keyframes=2)
    assert [one.filename for one in caught] == [__file__]


def test_importing_loads_nothing_heavy():
    code = "import sys, stylize; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "cv2", "av", "numba", "OpenImageIO", "scenedetect", "torch"} & set(loaded)

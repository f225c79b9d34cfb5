"""Settings, references and presets from the page: stored in the project, as a run would store them."""

import shutil

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError, ProjectError, ReviewError, SettingsError, StyleError
from stylize.media.images import write_image
from stylize.project import read_project
from stylize.review.prepare import prepare_project
from stylize.review.preset_files import apply_preset, find_presets, preset_states, save_as_preset
from stylize.review.reference_files import add_reference, remove_reference
from stylize.review.reference_picture import reference_picture
from stylize.review.roots import Roots
from stylize.review.settings_editor import change_settings, editor_state
from stylize.review.shown_project import show_project
from stylize.settings import OPTIONS

NO_ROOTS = Roots(())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, user_data):
    """A project that was prepared once, and that every test gets a copy of."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "plates").mkdir()
    for number in (1, 2):
        write_image(folder / "plates" / f"plate.{number:04d}.png", np.full((36, 64, 3), 40 * number, np.uint8))
    write_image(folder / "ref.png", np.full((20, 30, 3), 90, np.uint8))
    prepare_project(folder / "plates", {"style": folder / "ref.png"}, lambda event: None)
    return folder


@pytest.fixture
def project(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path / "job")
    return tmp_path / "job" / "plates.stylize"


def shown(root):
    return show_project(root, print)


def settings_of(root):
    return read_project(root)[1]


def described(root):
    return {one["name"]: one for group in editor_state(shown(root))["groups"] for one in group["options"]}


def test_every_stored_option_with_a_text_form_has_a_control(project):
    found = described(project)
    without = {name for name, option in OPTIONS.items() if option.stored} - {*found}
    assert without == {"renderer_options", "segmenter_options", "flow_options", "export_options", "layers"}
    kinds = {name: one["kind"] for name, one in found.items()}
    expected = {
        "structure": "number", "renderer": "choice", "keep_colours": "switch", "style": "lines", "steps": "number",
        "prompt": "lines", "export": "choices", "model": "line",
    }  # fmt: skip
    assert {name: kinds[name] for name in expected} == expected
    assert (found["structure"]["min"], found["structure"]["max"], found["steps"]["step"]) == ("0", "1", "1")
    assert (found["min_gap"]["min"], found["min_gap"]["max"]) == ("1", "")
    assert {"example", "diffusion"} <= set(found["renderer"]["words"])
    assert [name for name, one in found.items() if one["is_changed"]] == ["style"]
    assert all(one["help"] and one["expected"] for one in found.values())


@pytest.mark.parametrize("name", [
    "structure", "renderer", "keep_colours", "add_key", "coverage", "matte", "on", "boil", "rate", "handles", "export",
    "keys_budget", "exposure", "frames",
])  # fmt: skip
def test_text_of_a_value_is_read_back_as_the_same_value(project, name):
    given = {
        "structure": "0.7", "renderer": "painted", "keep_colours": True, "add_key": "1,2", "coverage": "0.9",
        "matte": "alpha", "on": "twos", "boil": "0.25", "rate": "24000/1001", "handles": "2",
        "export": "otio\nnuke", "keys_budget": "10m", "exposure": "-1.5", "frames": "1-2",
    }[name]  # fmt: skip
    values = {name: given} | ({"style": None} if name == "renderer" else {})
    change_settings(shown(project), NO_ROOTS, values)
    once = getattr(settings_of(project), name)
    assert once != OPTIONS[name].default
    text = described(project)[name]["value"]
    change_settings(shown(project), NO_ROOTS, {name: None})
    assert getattr(settings_of(project), name) == OPTIONS[name].default
    change_settings(shown(project), NO_ROOTS, {name: text})
    assert getattr(settings_of(project), name) == once


def test_command_of_a_change_stores_the_same(project):
    command = change_settings(shown(project), NO_ROOTS, {"structure": "0.7", "keep_colours": True, "on": "auto"})
    assert command == f"stylize {project} --structure 0.7 --keep-colours"
    assert settings_of(project).structure == 0.7


@pytest.mark.parametrize(
    ("texts", "error", "match"),
    [
        ({"structure": "2"}, SettingsError, "--structure must be a number from 0 to 1"),
        ({"structure": 0.5}, ReviewError, "--structure: expected a text"),
        ({"prompt": "x"}, SettingsError, "--prompt"),
        ({"draft": True}, ReviewError, "expected a setting, found 'draft'"),
        ({"trust": True}, ReviewError, "expected a setting, found 'trust'"),
        ({"style": "/etc/hostname"}, ReviewError, "--style: /etc/hostname is outside the project"),
        ({"output": "/tmp/x.mov"}, ReviewError, "--output: /tmp/x.mov is outside the project"),
        ({"guide": "../../x.png:2"}, ReviewError, "--guide"),
    ],
)
def test_unsuitable_changes_are_refused_and_change_nothing(project, texts, error, match):
    before = (project / "project.toml").read_bytes()
    with pytest.raises(error, match=match):
        change_settings(shown(project), NO_ROOTS, {"boil": "0.5", **texts})
    assert (project / "project.toml").read_bytes() == before


def test_paths_in_the_roots_are_accepted_and_links_out_of_them_are_not(project, tmp_path):
    (tmp_path / "refs").mkdir()
    shutil.copy(project.parent / "ref.png", tmp_path / "refs" / "a.png")
    (tmp_path / "refs" / "link").symlink_to("/etc")
    roots = Roots((tmp_path / "refs",))
    change_settings(shown(project), roots, {"style": str(tmp_path / "refs" / "a.png")})
    assert settings_of(project).style == tmp_path / "refs" / "a.png"
    with pytest.raises(ReviewError, match="outside the project"):
        change_settings(shown(project), roots, {"style": str(tmp_path / "refs" / "link" / "hostname")})


def test_settings_are_not_changed_during_a_run(project):
    with stylize.open(project), pytest.raises(ProjectError, match="another run is using"):
        change_settings(shown(project), NO_ROOTS, {"boil": "0.5"})


def test_dropped_reference_is_kept_in_the_project(project, tmp_path):
    write_image(tmp_path / "new.png", np.full((10, 10, 3), 200, np.uint8))
    content = (tmp_path / "new.png").read_bytes()
    command = add_reference(shown(project), "../a/new ref.png", content)
    stored = project / "references" / "new ref.png"
    assert settings_of(project).references == (project.parent / "ref.png", stored)
    assert command.endswith(f"--style {project.parent / 'ref.png'} --style '{stored}'")
    assert stored.read_bytes() == content
    add_reference(shown(project), "new ref.png", content)  # the same picture again
    assert [one.name for one in (project / "references").iterdir()] == ["new ref.png"]
    assert reference_picture(shown(project), 1)[:2] == b"\xff\xd8"
    assert reference_picture(shown(project), 2) is None
    remove_reference(shown(project), 0)
    assert settings_of(project).references == (stored,)
    remove_reference(shown(project), 0)
    assert settings_of(project).references == ()
    assert stored.exists()
    with pytest.raises(ReviewError, match="no such reference"):
        remove_reference(shown(project), 0)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [("x.png", b"no picture", "x.png"), ("x.svg", b"<svg/>", r"found \.svg"), ("x", b"", "found no suffix")],
)
def test_unsuitable_references_change_nothing(project, name, content, match):
    before = sorted(project.rglob("*"))
    with pytest.raises(StyleError, match=match):
        add_reference(shown(project), name, content)
    assert sorted(project.rglob("*")) == before


def test_look_is_saved_as_a_preset_and_applied_to_another_project(project, tmp_path):
    change_settings(shown(project), NO_ROOTS, {"structure": "0.7", "add_key": "2"})
    command = save_as_preset(shown(project), " Soft Oil! ")
    file = project.parent / "presets" / "soft-oil.toml"
    assert command == f"stylize preset save {project} {file} --name ' Soft Oil! '"
    with pytest.raises(OutputError, match="already exists"):
        save_as_preset(shown(project), "soft oil")
    with pytest.raises(ReviewError, match="expected a preset name"):
        save_as_preset(shown(project), "../")
    change_settings(shown(project), NO_ROOTS, {"structure": None})
    (project.parent / "other.toml").write_text("[settings]\nstructure = 3\n")  # no preset
    [found] = find_presets(NO_ROOTS, shown(project))
    [state] = preset_states(NO_ROOTS, shown(project))
    assert (state["name"], state["path"]) == ("Soft Oil!", str(file))
    assert apply_preset(NO_ROOTS, shown(project), found.id) == f"stylize {project} --preset {file}"
    assert (settings_of(project).structure, settings_of(project).add_key) == (0.7, (2,))
    with pytest.raises(ReviewError, match="no such preset"):
        apply_preset(NO_ROOTS, shown(project), "0" * 16)


def test_presets_outside_the_folders_are_not_found(project, tmp_path):
    (tmp_path / "far" / "a" / "b" / "c").mkdir(parents=True)
    for folder in (tmp_path / "far", tmp_path / "far" / "a" / "b" / "c"):
        (folder / "look.toml").write_text("[settings]\nstructure = 0.2\n")
    (project.parent / "presets").symlink_to(tmp_path / "far")
    assert [one.preset.path for one in find_presets(NO_ROOTS, shown(project))] == []
    assert [one.preset.path for one in find_presets(Roots((tmp_path / "far",)), shown(project))] == [
        tmp_path / "far" / "look.toml"
    ]

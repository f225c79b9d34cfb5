"""Hand-off from the page: only into allowed folders, by plain names."""

import pytest

from stylize.errors import ReviewError
from stylize.review.handoff_plan import FORMATS, allowed_folders, handoff_choices, handoff_options
from stylize.review.roots import open_roots
from stylize.review.shown_project import show_project
from stylize.settings import Settings


@pytest.fixture(scope="module")
def project(sample):
    return show_project(sample.root, print)


@pytest.fixture
def roots(tmp_path):
    for name in ("root", "deliver", "outside"):
        (tmp_path / name).mkdir()
    return open_roots([tmp_path / "root"], (), [tmp_path / "deliver"])


def asked(**values):
    return {"folder": 1, "name": "v1", "format": "png", "exports": []} | values


def test_folders_are_those_of_the_project_and_of_the_server(project, roots, tmp_path):
    expected = [project.root / "export", tmp_path / "deliver", tmp_path / "root"]
    assert allowed_folders(project, roots) == expected
    choices = handoff_choices(project, roots)
    assert choices["folders"] == list(map(str, expected))
    assert {"otio", "aftereffects", "nuke"} <= {one["name"] for one in choices["exports"]}
    with pytest.raises(ReviewError, match=r"--deliver .*none: expected a folder"):
        open_roots([], (), [tmp_path / "none"])


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_options_are_those_of_a_run(project, roots, tmp_path, one):
    options = handoff_options(project, roots, asked(format=one.name, exports=["otio", "edl"]))
    settings = Settings(**options)
    name = f"plate{one.suffix}" if one.is_movie else f"plate.####{one.suffix}"
    assert settings.output == str(tmp_path / "deliver" / "v1" / name)
    assert settings.export == ("otio", "edl")


@pytest.mark.parametrize(
    "values",
    [{"folder": 3}, {"folder": -1}, {"folder": True}, {"folder": "0"}, {"folder": "/etc"}, {"format": "exe"},
     {"exports": ["sh"]},
     {"exports": "otio"}, {"exports": None}, *({"name": name} for name in (
        "..", "../x", "a/b", "/etc", "a\\b", ".hidden", "a\0b", "a\nb", "x.", "x ", "~", "x" * 65, 3, None, "C:",
     ))],
    ids=repr,
)  # fmt: skip
def test_everything_else_is_refused(project, roots, values):
    with pytest.raises(ReviewError, match=r"^expected"):
        handoff_options(project, roots, asked(**values))


def test_link_out_of_an_allowed_folder_is_refused(project, roots, tmp_path):
    (tmp_path / "deliver" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(ReviewError, match="leads out of its folder"):
        handoff_options(project, roots, asked(name="link"))
    assert handoff_options(project, roots, asked(name=""))["output"].startswith(str(tmp_path / "deliver"))

"""Comparison of versions: settings, keys and the reports that were saved, on a sheet and as JSON."""

import json
import os
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import cli
from stylize.errors import OutputError, ProjectError
from stylize.media.images import image_size, write_image
from stylize.project import Project, VersionStore, record_settings, restore_version, save_version
from stylize.quality import version_comparison
from stylize.quality.version_comparison import compare_versions
from stylize.settings import Settings
from stylize.summary import comparison_lines


def key(project, frame, value, *, by_hand=False):
    path = project.folder("keys") / f"shot.{frame:04d}.png"
    picture = np.full((12, 16, 3), value, np.uint8)
    if by_hand:
        write_image(path, picture)
    else:
        project.place(path, f"K{value}-v", lambda partial: write_image(partial, picture))


def report(project, error, newer):
    path = project.root / "report.json"
    path.write_text(json.dumps({"shots": [{"summary": {"error": error, "leak": None}}]}))
    newest = max(one.stat().st_mtime_ns for one in project.root.rglob("*") if one.is_file())
    os.utime(path, ns=(newest + newer, newest + newer))


@pytest.fixture
def project(tmp_path):
    """Locked project with versions A and B: key 1 is the same, 5 differs, 9 is only in B, and painted."""
    opened = Project(tmp_path / "shot.stylize")
    with opened.locked():
        opened.write_settings(tmp_path / "shot", Settings(style="/a.png", structure=0.3), "0")
        key(opened, 1, 10)
        key(opened, 5, 20)
        report(opened, 0.5, 10**9)
        save_version(opened, "A")
        opened.write_settings(tmp_path / "shot", Settings(style="/b.png", seed=4), "0")
        key(opened, 5, 30)
        key(opened, 9, 40, by_hand=True)
        later = (opened.root / "report.json").stat().st_mtime_ns + 1
        os.utime(opened.folder("keys") / "shot.0009.png", ns=(later, later))
        write_image(opened.folder("video") / "shot.0005.png", np.zeros((12, 16, 3), np.uint8))
        save_version(opened, "B")
        yield opened


def test_comparison_states_what_differs(project):
    found = compare_versions(project, "A", "B")
    assert found.names == ("A", "B")
    assert found.settings == {
        "seed": (None, 4), "structure": (0.3, None), "style": ("/a.png", "/b.png"),
    }  # fmt: skip
    assert (found.different, found.equal) == ({"": (5, 9)}, {"": (1,)})
    assert found.figures == {"shot 1": {"error": (0.5, None), "leak": (None, None)}}
    assert found.without_report == ("B",)
    data = json.loads(found.data.read_text())
    assert data["figures"]["shot 1"]["error"] == [0.5, None]
    assert data["different keys"] == {"": [5, 9]}
    assert "frames of a version are not compared" in data["compared"]
    assert image_size(found.sheet)[0] > 200


def test_present_state_is_compared_without_saving_it(project):
    report(project, 0.25, 10**9)
    found = compare_versions(project, "A")
    assert found.names == ("A", "present")
    assert found.figures["shot 1"]["error"] == (0.5, 0.25)
    assert found.without_report == ()
    assert VersionStore(project.root).names() == ["A", "B"]


def test_sheet_shows_the_keys_of_both_versions_by_frame(project, monkeypatch):
    drawn = []
    monkeypatch.setattr(version_comparison, "write_sheet", lambda sheet, *_: drawn.append(sheet))
    compare_versions(project, "A", "B")
    (sheet,) = drawn
    store = VersionStore(project.root)
    one, other = ({file.name: store.path(file) for file in store.read(name).files} for name in "AB")
    assert [column.heading for column in sheet.columns] == ["frame 1", "frame 5", "frame 9"]
    assert [row.heading for row in sheet.rows] == ["plates", "A", "B"]
    assert [cell.picture for cell in sheet.rows[0].cells] == [None, project.folder("video") / "shot.0005.png", None]
    assert [cell.picture for cell in sheet.rows[1].cells] == [
        one["keys/shot.0001.png"], one["keys/shot.0005.png"], None,
    ]  # fmt: skip
    assert [cell.picture for cell in sheet.rows[2].cells] == [
        other[f"keys/shot.000{frame}.png"] for frame in (1, 5, 9)
    ]  # fmt: skip
    assert [cell.caption for row in sheet.rows[1:] for cell in row.cells] == [
        "rendered", "rendered", "no key", "rendered, the same", "rendered", "painted",
    ]  # fmt: skip


def test_shot_gives_plates_and_the_shape_of_pixels(project, plates, tmp_path, monkeypatch):
    assert "the shot cannot be opened" in compare_versions(project, "A", "B").note
    settings, drawn, real = Settings(style="/b.png"), [], version_comparison.open_footage
    project.write_settings(plates, settings, "0")
    record_settings(project.root, plates, settings, print)
    monkeypatch.setattr(version_comparison, "write_sheet", lambda sheet, *_: drawn.append(sheet))
    monkeypatch.setattr(
        version_comparison, "open_footage", lambda *a, **k: replace(real(*a, **k), pixel_aspect=Fraction(4, 3))
    )
    assert compare_versions(project, "A", "B").note == ""
    assert drawn[0].pixel_aspect == Fraction(4, 3)
    assert [cell.picture for cell in drawn[0].rows[0].cells] == [
        plates / "plate.0001.png", plates / "plate.0005.png", None,
    ]  # fmt: skip


def test_frames_with_other_keys_come_first(project):
    for frame in range(10, 40):
        key(project, frame, frame)
    found = compare_versions(project, "A")
    assert len(version_comparison._chosen(found)) == version_comparison.MAX_FRAMES
    assert set(version_comparison._chosen(found)) <= set(found.different[""])
    found = compare_versions(project, "present", "present")
    assert (found.different[""], found.settings) == ((), {})
    chosen = version_comparison._chosen(found)
    assert (chosen[0], chosen[-1], len(chosen)) == (1, 39, version_comparison.MAX_FRAMES)


def test_files_of_other_origin_are_kept(project):
    found = compare_versions(project, "A", "B")
    compare_versions(project, "A", "B")
    found.sheet.write_bytes(b"notes")
    with pytest.raises(OutputError, match=r"comparison.png was changed by hand"):
        compare_versions(project, "A", "B")
    assert found.sheet.read_bytes() == b"notes"


def test_choices_that_no_run_has_used_yet_are_compared(project):
    table = project.root / "keys.csv"
    table.write_text("frame,key,seed,prompt,pick,lock\n1,1,7,,,\n5,1,,,2,x\n9,1,,,,x\n")
    sky = project.layer("sky").root / "keys.csv"
    sky.write_text("frame,pick\n1,3\n")
    save_version(project, "C")
    table.write_text("frame,key,seed,prompt,pick,lock\n1,1,7,,,\n5,1,,fog,3,\n9,1,,,,1\n")
    sky.unlink()
    found = compare_versions(project, "C")
    assert found.choices == {
        "": {5: ("pick 2, locked", "pick 3, prompt fog")}, "layers/sky": {1: ("pick 3", "none")},
    }  # fmt: skip
    assert found.different == {"": ()}
    assert "choice for key 5: pick 2, locked / pick 3, prompt fog" in comparison_lines(found)
    assert "layers/sky: choice for key 1: pick 3 / none" in comparison_lines(found)
    assert json.loads(found.data.read_text())["choices"]["layers/sky"] == {"1": ["pick 3", "none"]}


def test_invalid_table_of_a_version_is_a_one_line_error(project):
    (project.root / "keys.csv").write_text("frame,pick\n5,many\n")
    with pytest.raises(ProjectError, match=r"version present, keys\.csv: .*line 2, column pick") as caught:
        compare_versions(project, "A")
    assert "\n" not in str(caught.value)


def test_damaged_report_of_a_version_is_a_one_line_error(project):
    (project.root / "report.json").write_text("[1]")
    newest = max(one.stat().st_mtime_ns for one in project.root.rglob("*") if one.is_file())
    os.utime(project.root / "report.json", ns=(newest + 1, newest + 1))
    save_version(project, "C")
    with pytest.raises(ProjectError, match="cannot be read as a report"):
        compare_versions(project, "A", "C")


def test_commands_report_what_they_did(project, monkeypatch, capfd):
    root = project.root
    monkeypatch.setattr(Project, "locked", lambda _: nullcontext())  # the fixture holds the lock
    for words in (("list",), ("compare", "A", "B"), ("restore", "A"), ("save", "C"), ("remove", "C"), ("list",)):
        cli.main(["version", words[0], str(root), *words[1:]])
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert any(line.startswith("B  ") and line.endswith("(present)") for line in lines)
    assert "2 versions" in out
    assert "setting style: /a.png / /b.png" in lines
    assert "keys that differ: 5, 9" in lines
    assert [line.split() for line in lines if "error" in line] == [["error", "0.5000", "-"]]
    assert "B has no report of its frames; before saving, run stylize report" in lines
    assert "the state before is that of B" in lines
    assert "restored: A, 2 files written, 1 removed; run the project to make its frames" in lines
    assert any(line.startswith("saved: C  ") and "2 key pictures" in line for line in lines)
    assert "removed: C" in lines
    assert restore_version(Project(root), "B").known == "A"

"""Scratch folders for intermediate files."""

import os
import re

import pytest

from stylize.errors import OutputError
from stylize.matting.scratch_folder import scratch_folder
from stylize.project import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "p.stylize")


def test_scratch_folder_is_removed_at_the_end(project):
    with scratch_folder(project, "way") as folder:
        (folder / "1").write_text("waits")
    assert not folder.exists()


def test_scratch_folder_is_removed_after_a_failure(project):
    def fail():
        with scratch_folder(project, "way") as folder:
            (folder / "1").write_text("waits")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not list(project.folder("mask").iterdir())


def test_only_stale_scratch_files_of_the_same_work_are_removed(project):
    names = (".way-abcdefgh", ".stylize-way-abcdefgh", ".stylize-found-abcdefgh", ".way-mine", "auto")
    for name in names:
        (project.folder("mask") / name).mkdir()
        for file in ("1.png", "2.npy", "3.npz", ".4.png.stylize-partial"):
            (project.folder("mask") / name / file).write_text("left")
    with scratch_folder(project, "way") as folder:
        assert not list(folder.iterdir())
        assert {path.name for path in folder.parent.iterdir()} == {*names[2:], folder.name}


def test_foreign_files_in_a_scratch_folder_are_kept(project):
    left = project.folder("mask") / ".stylize-way-abcdefgh"
    (left / "deeper").mkdir(parents=True)
    for name in ("1.png", "notes.txt", "deeper/1.png"):
        (left / name).write_text("left")
    with scratch_folder(project, "way"):
        pass
    assert {path.name for path in left.rglob("*")} == {"deeper", "1.png", "notes.txt"}
    assert not (left / "1.png").exists()


def test_folder_that_cannot_be_created_is_reported(project, monkeypatch):
    def mkdtemp_refused(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("tempfile.mkdtemp", mkdtemp_refused)
    with pytest.raises(OutputError, match=f"{re.escape(str(project.folder('mask')))}.*the disk is full"):
        scratch_folder(project, "way").__enter__()

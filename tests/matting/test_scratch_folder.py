"""Folders for what waits on disk."""

import os
import re

import pytest

from stylize.errors import OutputError
from stylize.matting.scratch_folder import scratch_folder
from stylize.project import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "p.stylize")


def test_what_waits_is_gone_in_the_end(project):
    with scratch_folder(project, "way") as folder:
        (folder / "1").write_text("waits")
    assert not folder.exists()


def test_what_waits_is_gone_after_a_failure_too(project):
    def fail():
        with scratch_folder(project, "way") as folder:
            (folder / "1").write_text("waits")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not list(project.folder("mask").iterdir())


def test_what_a_killed_run_left_of_this_work_goes_and_nothing_else(project):
    for name in (".way-abc", ".found-abc", "auto"):
        (project.folder("mask") / name).mkdir()
        (project.folder("mask") / name / "1.png").write_text("left")
    with scratch_folder(project, "way") as folder:
        assert not list(folder.iterdir())
        assert {path.name for path in folder.parent.iterdir()} == {".found-abc", "auto", folder.name}


def test_a_folder_that_cannot_be_made_is_told(project, monkeypatch):
    def refused(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("tempfile.mkdtemp", refused)
    with pytest.raises(OutputError, match=f"{re.escape(str(project.folder('mask')))}.*the disk is full"):
        scratch_folder(project, "way").__enter__()

"""A finished project of a tiny shot, for tests of what is painted again."""

import shutil
from pathlib import Path

import pytest

from tests.keys.what_repaints import KEYS, Runs, replace_server


@pytest.fixture(scope="package")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        replace_server(patch)
        made = Runs(tmp_path_factory.mktemp("finished"))
        assert made.run().rendered == KEYS
    return made.root


@pytest.fixture
def runs(tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A finished project, and runs that continue it without a server."""
    replace_server(monkeypatch)
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return Runs(tmp_path)

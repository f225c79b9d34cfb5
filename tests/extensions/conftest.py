"""Extensions installed for a single test."""

import os
import sys
from pathlib import Path

import pytest

from stylize.extensions import discovery
from tests import forked_python
from tests.recipe import install_recipe, write_recipe

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def recipe_site(tmp_path_factory):
    """A folder with the distribution of the recipe, installed."""
    folder = tmp_path_factory.mktemp("recipe")
    return install_recipe(write_recipe(folder / "source"), folder / "site")


@pytest.fixture
def installed(monkeypatch):
    """Put folders of installed distributions first on the path of this process."""

    def put(*sites):
        for site in sites:
            monkeypatch.syspath_prepend(str(site))
        discovery.forget()

    yield put
    monkeypatch.undo()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("stylize_pencil", "foreign")]:
        del sys.modules[name]
    discovery.forget()


@pytest.fixture
def command(tmp_path):
    """Run the command in a separate process, in an empty folder, with some distributions installed."""

    def run(*words, sites=()):
        path = os.pathsep.join(map(str, (*sites, ROOT)))
        code = "import cli; cli.main()"
        return forked_python.run(["-c", code, *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path})

    return run

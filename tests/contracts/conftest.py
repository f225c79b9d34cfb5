"""Run every suite also over the extension of its kind from the recipe of the docs."""

import sys

import pytest

from stylize.extensions import discovery
from tests.recipe import install_recipe, write_recipe


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """Install the distribution of docs/development/extensions.md into this process."""
    folder = tmp_path_factory.mktemp("recipe")
    site = str(install_recipe(write_recipe(folder / "source"), folder / "site"))
    sys.path.insert(0, site)
    discovery.forget()
    yield
    sys.path.remove(site)
    for name in [name for name in sys.modules if name.partition(".")[0] == "stylize_pencil"]:
        del sys.modules[name]
    discovery.forget()

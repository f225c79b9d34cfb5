"""Versions of projects that runs have made: after restoring one, a run paints nothing, and picks apply."""

import pytest

import cli
import stylize
from stylize.project import Project, restore_version, save_version
from tests.look_comparison.test_comparison import Tinted


def locked(root, use, *arguments):
    project = Project(root)
    with project.locked():
        return use(project, *arguments)


@pytest.mark.slow
def test_picked_candidates_come_back_without_painting(plates, style, tmp_path, monkeypatch):
    monkeypatch.setattr("stylize.renderers.example.open_example", lambda *_: Tinted())
    root = tmp_path / "mine.stylize"
    options = {"style": style, "keyframes": (2, 5), "to_stage": "render", "project": root}
    stylize.run(plates, candidates=2, **options)
    key = root / "keys" / "plate.0002.png"
    first = key.read_bytes()
    cli.main(["pick", str(root), "2=2"])
    stylize.run(root, to_stage="render")
    picked = key.read_bytes()
    assert picked != first
    locked(root, save_version, "picked")
    cli.main(["pick", str(root), "2=1"])
    stylize.run(root, to_stage="render", seed=9)
    assert key.read_bytes() not in (first, picked)
    restored = locked(root, restore_version, "picked")
    assert restored.saved.name == "before-picked"
    assert key.read_bytes() == picked
    Tinted.requests = []
    result = stylize.run(root, to_stage="render")
    assert (result.rendered, Tinted.requests, key.read_bytes()) == ((), [], picked)
    assert result.settings.seed == 0

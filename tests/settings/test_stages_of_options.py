"""The stages that an option declares are those that read it."""

import ast
from pathlib import Path

import pytest

from stylize.settings import MATTE_OPTIONS, OPTIONS, PLAN_OPTIONS, STAGES
from stylize.settings.option_types import MATTE, PLAN
from stylize.settings.reading_options import READING_OPTIONS

ROOT = Path(__file__).resolve().parents[2] / "stylize"
# Modules that serve one stage alone, or the picture of the plan.
READERS = {
    "planning": "pick", "planning/plan_report.py": PLAN, "keys": "render", "renderers": "render",
    "spans": "propagate", "delivery": "export", "interchange": "export", "export.py": "export",
}  # fmt: skip
# Modules that run wherever picking or an earlier stage may run; they read options for checks, or for two stages.
ELSEWHERE = {("planning/picking.py", "split"), ("planning/picking.py", "frames"), ("planning/repeated_plates.py", "on")}


def reads() -> set[tuple[str, str]]:
    """Return module and option for every attribute of settings that is read outside of ``settings/``."""
    found = set()
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        # A comparison of looks has settings of its own.
        if name.startswith(("settings/", "look_comparison/")):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in OPTIONS and "settings" in ast.unparse(node.value):
                found.add((name, node.attr))
    return found


def stage_of(module: str) -> str | None:
    return READERS.get(module) or READERS.get(module.partition("/")[0])


@pytest.mark.slow
def test_stage_reads_only_options_that_declare_it():
    read = {(module, name) for module, name in reads() if stage_of(module)} - ELSEWHERE
    assert len(read) > 60
    missing = {(module, name) for module, name in read if stage_of(module) not in OPTIONS[name].stages}
    assert missing == set()


@pytest.mark.slow
def test_every_option_is_read_outside_of_the_settings():
    stages = {"from_stage", "to_stage"}  # read by Settings.runs
    # Read by name, before the settings exist, or as not all settings have them.
    given = {"trust", "clip"}
    assert set(OPTIONS) - {name for _, name in reads()} == stages | given
    assert all(OPTIONS[name].stages == () for name in stages)


@pytest.mark.parametrize("name", OPTIONS)
def test_declared_stages_exist_and_are_in_order(name):
    stages = OPTIONS[name].stages
    known = ("conform", "split", "pick", PLAN, "render", "propagate", "export", MATTE)
    assert list(stages) == sorted(set(stages), key=known.index)


def test_matte_options_are_read_only_by_the_matte_command():
    own = {name: option for name, option in MATTE_OPTIONS.items() if name not in READING_OPTIONS}
    assert {option.stages for option in own.values()} == {(MATTE,)}
    assert {option.stages for option in READING_OPTIONS.values()} == {(*STAGES, MATTE)}


def test_plan_reads_picking_options_and_no_codec():
    assert {"style", "keyframes", "coverage", "matte", "keys_budget", "frames", "threads", "on"} <= PLAN_OPTIONS.keys()
    others = {"codec", "export", "output", "bits", "fps", "boil", "guide", "flow", "vectors", "jobs", "to_stage"}
    assert not others & PLAN_OPTIONS.keys()
    assert list(PLAN_OPTIONS) == [name for name in OPTIONS if name in PLAN_OPTIONS]
    assert set(STAGES) <= set(OPTIONS["frames"].stages)

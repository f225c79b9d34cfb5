"""The table of stages: code that determines a result needs a new version, and cache keys cover all inputs."""

import json
from pathlib import Path

import pytest

from stylize.settings import MATTE_OPTIONS, OPTIONS
from stylize.stages import STAGES, cache_key, closure, inputs_half, stable_hash, versions_of
from tests.pin_stages import PINS, ROOT, changed, file_of, pins


def pinned() -> dict[str, dict[str, object]]:
    return json.loads(PINS.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_stage_code_changes_only_with_its_version() -> None:
    forgotten = changed(pinned(), pins())
    assert not forgotten, (
        f"the code of {', '.join(forgotten)} has changed: raise the versions in stylize/stages.py if a result changes, "
        "and then run: python -m tests.pin_stages"
    )
    assert pinned().keys() == pins().keys(), "stages were added or removed; run: python -m tests.pin_stages"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "line", "other", "stages"),
    [
        ("propagate.blend", "AGREE, DIFFER = F32(0.02)", "AGREE, DIFFER = F32(0.03)", {"span", "refinement"}),
        ("propagate.confidence", "F32(", "F32(1.01 * ", {"span", "keys"}),
        ("stylize.context.guides", "INFINITE = 1e9", "INFINITE = 1e8", {"guide"}),
        ("propagate.guidance", "0.", "0.1", {"example"}),
        ("masks.track", " = 0.", " = 0.1", {"matte_track"}),
    ],
)
def test_changed_constant_is_detected(module: str, line: str, other: str, stages: set[str]) -> None:
    source = file_of(module).read_text(encoding="utf-8")
    mutated = source.replace(line, other, 1)
    assert mutated != source
    assert stages - {"refinement"} <= set(changed(pins(), pins({module: mutated})))


def test_comments_and_docstrings_do_not_count() -> None:
    source = file_of("propagate.blend").read_text(encoding="utf-8")
    other = f'"""Another text."""\n{source[source.index("import cv2") :]}# A comment.\n'
    assert changed(pins(), pins({"propagate.blend": other})) == []


def test_raised_version_of_a_used_stage_is_sufficient() -> None:
    before, now = pins(), pins({"propagate.flow": "from propagate.arrays import F32\n"})
    assert {"flow_dis", "span", "keys"} <= set(changed(before, now))
    for name in now:
        if "flow_dis" in closure([name]):
            now[name]["versions"] = {**now[name]["versions"], "flow_dis": 99}
    assert "flow_dis" not in changed(before, now)


def test_every_picture_module_belongs_to_a_stage() -> None:
    from tests.pin_stages import _Code

    covered = {module for stage in STAGES.values() for module in _Code({}).modules(stage.modules)}
    computing = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in ("propagate", "masks", "stylize/planning", "stylize/spans", "stylize/keys", "stylize/matting")
        for path in (ROOT / folder).glob("*.py")
        if path.name != "__init__.py"
    }
    plumbing = {
        "propagate.align_frames", "propagate.arrays", "propagate.spans", "propagate.threads",
        "masks.arrays", "masks.advice", "masks.segment",
        "stylize.keys.decision", "stylize.keys.identity", "stylize.keys.key_choice", "stylize.keys.key_record",
        "stylize.keys.paint_over",
        "stylize.keys.reports", "stylize.keys.reproduce", "stylize.keys.upgraded",
        "stylize.spans.retouched", "stylize.spans.scheduler",
        "stylize.spans.span_worker",
        "stylize.spans.worker_imports",
        "stylize.planning.cut_edits", "stylize.planning.key_choices", "stylize.planning.picking",
        "stylize.planning.shared_choice", "stylize.matting.networks",
        "stylize.matting.requested",
        "stylize.matting.sam2_model", "stylize.matting.scratch_folder", "stylize.matting.guarded_segmenter",
    }  # fmt: skip
    assert computing - covered - plumbing == set()


def test_stages_name_existing_modules_stages_and_options() -> None:
    for stage in STAGES.values():
        assert all(file_of(module).is_file() for module in stage.modules)
        assert set(stage.uses) <= STAGES.keys()
        assert set(stage.settings) <= {*OPTIONS, *MATTE_OPTIONS}, stage.name


def test_cache_key_depends_on_every_input_its_position_and_the_options() -> None:
    class Options:
        boil, seed = 0.5, 1

    plain = [cache_key("boil", *inputs) for inputs in (("a", "b"), ("ab",), ("b", "a"), ())]
    others = [cache_key("boil", settings=Options()), cache_key("layers"), cache_key("boil", uses=("layers",))]
    assert len({*plain, *others}) == 7
    assert stable_hash("a", {"x": 1, "y": 2}) == stable_hash("a", {"y": 2, "x": 1})


def test_versions_affect_one_half_of_a_cache_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from stylize import stages

    before = cache_key("span", 1), cache_key("layers", 1)
    monkeypatch.setattr(stages, "STAGES", {**STAGES, "read": replace(STAGES["read"], version=99)})
    stages._versions_hash.cache_clear()
    after = cache_key("span", 1), cache_key("layers", 1)
    monkeypatch.undo()
    stages._versions_hash.cache_clear()
    assert inputs_half(before[0]) == inputs_half(after[0])
    assert before[0] != after[0]
    assert before[1] != after[1]  # it uses the mattes stage, which is included


def test_versions_include_libraries() -> None:
    named = versions_of(["cuts"])
    assert named["flow_dis"] == str(STAGES["flow_dis"].version)
    assert named["opencv-python-headless"][0].isdigit()


def test_pin_file_can_be_merged_by_git() -> None:
    assert Path(PINS).read_text(encoding="utf-8").count("\n") > len(STAGES)

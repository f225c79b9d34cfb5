"""Keys are painted again for exactly those changes that they depend on, and approved keys stay."""

import os
import shutil

import numpy as np
import pytest

from stylize.errors import SettingsError
from stylize.media.images import read_image, write_image
from stylize.project import Project
from stylize.renderers.a1111 import A1111Renderer
from stylize.stages import Stage
from tests.keys.what_repaints import replace_server

# What is changed between two runs, and the keys that are painted again.
CHANGES = {
    "nothing": ({}, ()),
    "retries, which only may replace a key that disagrees": ({"retries": 2}, ()),
    "another address of the server": ({"url": "http://127.0.0.1:9999"}, ()),
    "the prompt from frame 6 on": ({"prompt": '0: "oil", 6: "pen"'}, (8,)),
    "the frame of a prompt's change, between the same keys": ({"prompt": '0: "oil", 5: "ink"'}, ()),
    "the guidance at the last key": ({"cfg": "0: 5, 4: 5, 8: 7"}, (8,)),
    "points of a schedule without effect": ({"cfg": "0: 5, 2: 5, 4: 5, 8: 9"}, ()),
    "the negative prompt": ({"negative": "frame"}, (1, 4, 8)),
    "steps": ({"steps": 30}, (1, 4, 8)),
    "the seed": ({"seed": 5}, (1, 4, 8)),
    "the model": ({"model": "n"}, (1, 4, 8)),
    "an option that concerns only keys with a previous one": ({"fuse": 0}, (4, 8)),
    "the renderer": ({"renderer": "example", "style": "ref.png", "prompt": None, "negative": None}, (1, 4, 8)),
    "a control without effect at the first two keys": (
        {"control": "canny:(0: 0, 4: 0, 8: 1)", "control_model": "canny=c"}, (8,),
    ),
    "keys to repaint": ({"repaint": 4}, (4,)),
    "a range to repaint": ({"repaint": "2-8"}, (4, 8)),
    "a new key, from which the next one starts": ({"keyframes": (1, 4, 6, 8)}, (6, 8)),
    "a new key, with --keep-others": ({"keyframes": (1, 4, 6, 8), "keep_others": True}, (6,)),
    "all settings, with --keep-others": ({"steps": 30, "keep_others": True}, (1, 4, 8)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(*case, id=name, marks=pytest.mark.slow if name == "the renderer" else ())
        for name, case in CHANGES.items()
    ],
)
def test_exactly_the_keys_that_depend_on_a_change_are_painted_again(runs, changes, expected):
    if "style" in changes:
        write_image(runs.root / "ref.png", np.random.default_rng(1).integers(0, 255, (40, 56, 3), np.uint8))
        model = {"model": None, "cfg": 7.0, "style": runs.root / "ref.png"}
        changes = changes | model
    before = runs.bits()
    assert runs.run(**changes).rendered == expected
    unchanged = [frame for frame, bits in runs.bits().items() if bits == before[frame]]
    assert {1, 4, 8} - set(expected) <= set(unchanged)
    # The run has recorded its result: the same run again paints nothing.
    assert runs.run(**changes | {"repaint": ()}).rendered == ()


def test_key_that_the_others_start_from_takes_them_along_unless_they_are_kept(runs):
    before = runs.bits()
    first_only = {"denoise": "0: 0.9, 1: 0.9, 2: 0.5"}
    assert runs.run(**first_only, keep_others=True).rendered == (1,)
    assert runs.said("kept although the keys that they start from have changed", "keyframes 4, 8")
    assert {frame for frame, bits in runs.bits().items() if bits == before[frame]} >= {4, 8}
    assert runs.run(**first_only).rendered == ()
    assert runs.run().rendered == (1, 4, 8)
    assert runs.said("keyframes 4, 8: rendered again", "start from keyframe 1", "--keep-others keeps them")


@pytest.mark.slow
def test_changed_plate_repaints_the_key_behind_it_and_those_that_start_from_that(runs):
    for frame, expected in ((6, (8,)), (1, (1, 4, 8))):
        picture = read_image(runs.shot / f"s.{frame:04d}.png")
        picture[0, 0] ^= 1  # too little to change the light of the shot
        write_image(runs.shot / f"s.{frame:04d}.png", picture)
        assert runs.run().rendered == expected


def test_files_rewritten_with_the_same_bytes_repaint_nothing(runs):
    for path in runs.shot.iterdir():
        path.write_bytes(path.read_bytes())
        os.utime(path)
    assert runs.run().rendered == ()


def test_other_precision_and_versions_keep_every_key_and_are_reported_once(runs, monkeypatch):
    monkeypatch.setattr(A1111Renderer, "environment", lambda self: {"precision": "float16"})
    before = runs.bits()
    assert runs.run().rendered == ()
    assert runs.bits() == before
    told = [line for line in runs.messages if "kept although rendered" in line]
    assert len(told) == 1
    assert "with precision none, now float16: keyframes 1, 4, 8; --repaint 1,4,8 renders them again" in told[0]
    assert runs.run(repaint=4).rendered == (4,)
    assert runs.run().rendered == ()
    assert runs.said("kept although rendered with precision none, now float16: keyframes 1, 8;")


def test_record_that_a_killed_run_did_not_write_is_written_by_the_next(runs, monkeypatch):
    for path in (runs.project / "state").glob("*.jsonl"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if '"fact": "key ' not in line))
    assert runs.run().rendered == ()
    monkeypatch.setattr(A1111Renderer, "environment", lambda self: {"precision": "float16"})
    assert runs.run().rendered == ()
    assert runs.said("with precision none, now float16: keyframes 1, 4, 8")


def test_other_version_of_a_stage_keeps_every_key(runs, monkeypatch):
    from stylize import stages

    table = dict(stages.STAGES) | {"a1111": Stage("a1111", 99, ())}
    monkeypatch.setattr("stylize.stages.STAGES", table)
    stages._versions_hash.cache_clear()
    try:
        assert runs.run().rendered == ()
        assert runs.said("with version of stage a1111 2, now 99")
    finally:
        stages._versions_hash.cache_clear()


@pytest.mark.slow
def test_keys_recorded_by_an_earlier_version_are_adopted(runs, monkeypatch):
    """Earlier records have the former cache key, and no record of what a key was made of."""
    from stylize.keys.decision import Ledger

    found = {}
    monkeypatch.setattr(Ledger, "decisions", lambda self: found.update(self._former) or {})
    runs.run()
    monkeypatch.undo()
    replace_server(monkeypatch)
    shutil.rmtree(runs.project / "state")
    project = Project(runs.project)
    with project.locked():
        for frame, key in found.items():
            project.relabel(runs.key(frame), key)
    before = runs.bits()
    assert runs.run().rendered == ()
    assert runs.bits() == before
    assert not runs.said("kept although")
    assert runs.run(prompt='0: "oil", 6: "pen"').rendered == (8,)


@pytest.mark.parametrize(
    ("repaint", "words"),
    [(5, ("no keyframe among frame 5", "1, 4, 8")), ("2-3", ("among frames 2-3",)), ("4,99", ("among frame 99",))],
)
def test_frames_to_repaint_must_be_keyframes(runs, repaint, words):
    before = runs.bits()
    with pytest.raises(SettingsError) as error:
        runs.run(repaint=repaint)
    assert all(word in str(error.value) for word in words)
    assert runs.bits() == before


def test_painted_key_is_refused_and_never_repainted(runs):
    write_image(runs.key(4), np.full((48, 64, 3), 90, np.uint8))
    before = runs.bits()
    with pytest.raises(SettingsError, match=r"painted by hand; remove .*0004"):
        runs.run(repaint=4)
    assert runs.run(repaint="1-8").rendered == (1, 8)
    assert runs.bits()[4] == before[4]

"""Facts in the headers of sheets and pages."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from stylize.context.shot_facts import MAX_FACTS, footage, look_facts, look_references
from stylize.media.shot import Shot
from stylize.settings import Settings
from stylize.sheets import Fact


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return Shot(
        path=tmp_path / "a.mp4", kind="movie", name="a", frames=(7, 8, 9), size=(720, 576), rate=Fraction(30000, 1001),
        times=(0, 1, 2), time_base=Fraction(1001, 30000), variable=False,
        depth=8, alpha=False, timecode=None, audio=False, warnings=(),
    )  # fmt: skip


def test_footage_in_one_line(shot: Shot) -> None:
    assert footage(shot, 2) == "3 frames (7-9), 720x576 px, 29.97 fps, 2 shots"
    wide = replace(shot, frames=(7,), times=(0,), pixel_aspect=Fraction(64, 45))
    assert footage(wide, 1) == "1 frame (7), 720x576 px, pixels 1.422:1, 29.97 fps, 1 shot"


def test_options_that_differ_are_shown(tmp_path: Path) -> None:
    style = tmp_path / "oil.png"
    style.write_bytes(b"")
    settings = Settings(style=style, seed=3, add_key="12,40", output=str(tmp_path / "o.mp4"), threads=2)
    assert look_facts(settings) == [Fact("renderer", "example"), Fact("add key", "12,40"), Fact("seed", "3")]
    assert [(one.picture, one.caption) for one in look_references(settings)] == [(style, "oil.png")]
    style.unlink()
    assert look_references(settings) == []


def test_folders_are_not_shown_and_the_number_of_options_is_limited(tmp_path: Path) -> None:
    settings = Settings(
        style="a.png", seed=1, boil=0.2, matte=str(tmp_path / "m.png"), matte_grow=1, matte_feather=2, structure=0.5,
        palette=0.1, tone=0.4, coverage=0.9, min_gap=3, max_keyframes=4, drop_key=3, refine=2, on="twos", add_key=8,
        optimise_for="worst",
    )  # fmt: skip
    facts = look_facts(settings)
    assert len(facts) == MAX_FACTS + 1
    assert facts[-1].value.startswith("and ")
    assert Fact("matte", "m.png") in look_facts(Settings(style="a.png", matte=str(tmp_path / "m.png")))

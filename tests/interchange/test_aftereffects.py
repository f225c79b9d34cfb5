"""The After Effects script, run by a JavaScript engine against a mock of After Effects."""

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.timelines.timeline import Timeline
from stylize.media.clock import frames_to_timecode
from tests.interchange.timelines import FAST, FILM, NTSC, movie_timeline, picture_timeline

dukpy: Any = pytest.importorskip("dukpy")
STAND_IN = (Path(__file__).parent / "stand_in.js").read_text()


def run(
    script: str, existing: list[str], where: str = "/gone/x.jsx", alpha: bool = True,
    counts: dict[str, int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Run the script. counts: number of frames that After Effects finds when it imports a file."""
    world = (
        f"var existing = {json.dumps(existing)}, scriptPath = {json.dumps(where)}, withAlpha = {json.dumps(alpha)},\n"
        f"frameCounts = {json.dumps(counts or {})};\n"
    )
    log: dict[str, Any] = json.loads(dukpy.evaljs([world, STAND_IN, script, "JSON.stringify(log)"]))
    return log


def files(timeline: Timeline) -> list[str]:
    return [media.file().as_posix() for media in (timeline.plate, timeline.result, timeline.matte) if media]


@pytest.fixture(params=["movie", "pictures", "handles", "drop", "fast drop"])
def timeline(request: pytest.FixtureRequest, tmp_path: Path) -> Timeline:
    if "drop" in request.param:
        rate = NTSC if request.param == "drop" else FAST
        return movie_timeline(tmp_path, rate, "00:59:58;20", frames="1003-1040")
    if request.param == "pictures":
        made = picture_timeline(tmp_path, alpha="premultiplied")
        return replace(made, matte=replace(made.result, name="m", path=tmp_path / "m", alpha=None))
    return movie_timeline(
        tmp_path, FILM, "01:00:00:10", frames="1003-1038", handles=3 if request.param == "handles" else 0
    )


def test_comp_matches_the_cut(timeline: Timeline, tmp_path: Path) -> None:
    done = run(jsx_of(timeline, tmp_path), files(timeline))
    (comp,) = done["comps"]
    assert (comp["name"], comp["width"], comp["height"], comp["pixelAspect"]) == (timeline.name, *timeline.size, 1)
    assert comp["frameRate"] == float(timeline.rate)
    assert assert_whole_frames(comp["duration"], timeline) == timeline.count
    assert assert_whole_frames(comp["displayStartTime"], timeline) == timeline.start
    assert comp["dropFrame"] == timeline.drop_frame
    assert comp["opened"]
    assert done["undo"] == [f"begin stylize {timeline.name}", "end"]


def test_compositions_and_items_have_the_pixel_aspect(timeline: Timeline, tmp_path: Path) -> None:
    done = run(jsx_of(replace(timeline, pixel_aspect=Fraction(16, 15)), tmp_path), files(timeline))
    expected = pytest.approx(16 / 15)
    assert [comp["pixelAspect"] for comp in done["comps"]] == [expected]
    assert [one["item"]["pixelAspect"] for one in done["imports"]] == [expected] * len(files(timeline))


def test_layers_are_placed_with_their_own_frames(timeline: Timeline, tmp_path: Path) -> None:
    done = run(jsx_of(timeline, tmp_path), files(timeline))
    kinds = ["plate", "result"] + (["matte"] if timeline.matte else [])
    found = {layer["name"]: layer for layer in done["layers"]}
    assert len(found) == len(timeline.events) * len(kinds)
    for event in timeline.events:
        for kind in kinds:
            layer = found[f"{event.name} {kind}"]
            begin = event.plate_in if kind == "plate" else event.result_in
            assert (
                assert_whole_frames(layer["inPoint"], timeline),
                assert_whole_frames(layer["outPoint"], timeline),
            ) == (
                event.at,
                event.at + event.count,
            )
            assert assert_whole_frames(layer["inPoint"] - layer["startTime"], timeline) == begin
            assert layer["enabled"] == (kind != "matte")
    order = [layer["name"].split()[-1] for layer in done["layers"]]
    assert order == [kind for kind in reversed(kinds) for _ in timeline.events]  # from top to bottom
    marked = [(assert_whole_frames(mark["time"], timeline), mark["comment"]) for mark in done["markers"]]
    assert marked == [(e.at + key - e.number, f"key {key}") for e in timeline.events for key in e.keys]


@pytest.mark.parametrize("whole_import", [True, False])
def test_frame_range_of_a_longer_sequence_is_placed_correctly(tmp_path: Path, whole_import: bool) -> None:
    """Plates continue before and after the shot; After Effects may import all of them or a part."""
    timeline = picture_timeline(tmp_path)
    folder = (tmp_path / "in").as_posix()
    there = [f"{folder}/plate x.{number}.png" for number in range(995, 1051) if number != 997]
    there = [name.replace("x.99", "x.099") for name in there]
    counts = {
        timeline.plate.file().as_posix(): 40 + 10 + (3 if whole_import else 0),
        timeline.result.file().as_posix(): 40,
    }
    done = run(jsx_of(timeline, tmp_path), [*files(timeline), *there], counts=counts)
    for layer in done["layers"]:
        event = next(event for event in timeline.events if layer["name"].startswith(event.name))
        ahead = 3 if whole_import and layer["name"].endswith("plate") else 0  # 998, 999, 1000
        begin = event.plate_in if layer["name"].endswith("plate") else event.result_in
        assert assert_whole_frames(layer["inPoint"] - layer["startTime"], timeline) == begin + ahead
        assert assert_whole_frames(layer["inPoint"], timeline) == event.at


def test_drop_frame_comp_has_the_time_code_of_the_source(tmp_path: Path) -> None:
    timeline = movie_timeline(tmp_path, NTSC, "01:00:59;28")
    (comp,) = run(jsx_of(timeline, tmp_path), files(timeline))["comps"]
    start = assert_whole_frames(comp["displayStartTime"], timeline)
    assert [frames_to_timecode(start + n, NTSC, comp["dropFrame"]) for n in (0, 1, 2)] == [
        "01:00:59;28", "01:00:59;29", "01:01:00;02",
    ]  # fmt: skip


def test_footage_interpretation_matches_the_files(timeline: Timeline, tmp_path: Path) -> None:
    done = run(jsx_of(timeline, tmp_path), files(timeline))
    assert [found["file"] for found in done["imports"]] == files(timeline)
    for found, media in zip(done["imports"], (timeline.plate, timeline.result, timeline.matte), strict=False):
        assert media is not None
        assert found["sequence"] == (media.pattern is not None)
        assert not (found["sequence"] and found["alphabetical"])
        source = found["item"]["mainSource"]
        assert source["conformFrameRate"] == float(timeline.rate)
        assert source["alphaMode"] == (media.alpha or "ignore")
        assert source["premulColor"] == ([0, 0, 0] if media.alpha == "premultiplied" else [1, 1, 1])


def test_straight_alpha_and_missing_alpha_are_interpreted(tmp_path: Path) -> None:
    timeline = movie_timeline(tmp_path, alpha="straight")
    result = run(jsx_of(timeline, tmp_path), files(timeline))["imports"][1]
    assert result["item"]["mainSource"]["alphaMode"] == "straight"
    result = run(jsx_of(timeline, tmp_path), files(timeline), alpha=False)["imports"][1]
    assert result["item"]["mainSource"]["alphaMode"] == "guessed"


def test_moved_folder_is_found_next_to_the_script(tmp_path: Path) -> None:
    timeline = movie_timeline(tmp_path)
    moved = [f"/other/{media.path.name}" for media in (timeline.plate, timeline.result)]
    done = run(jsx_of(timeline, tmp_path), moved, where="/other/x.jsx")
    assert [found["file"] for found in done["imports"]] == moved
    with pytest.raises(dukpy.JSRuntimeError, match="plate was not found"):
        run(jsx_of(timeline, tmp_path), [])


def test_script_uses_ecmascript_3_only(timeline: Timeline, tmp_path: Path) -> None:
    """ExtendScript is limited to ECMAScript 3 and dukpy is not, so look for later syntax."""
    script = jsx_of(timeline, tmp_path)
    assert script.isascii()
    code = re.sub(r'"(\\.|[^"\\])*"|//[^\n]*', "", script)
    for later in (
        r"\blet\b",
        r"\bconst\b",
        "=>",
        "`",
        r",\s*[}\]]",
        r"\.\.\.",
        r"\bclass\b",
        r"\.forEach\b",
        r"\bJSON\b",
    ):
        assert re.search(later, code) is None


def assert_whole_frames(seconds: float, timeline: Timeline) -> int:
    frames = seconds * float(timeline.rate)
    assert abs(frames - round(frames)) < 1e-6
    return round(frames)

"""The page of formats is current, and other programs find in each result what the page states."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tifffile
from PIL import Image

from tests.interchange.blender import BLENDER, compositor_outputs
from tests.interchange.formats_sources import RATE, SCALE, SIZE
from tests.interchange.formats_table import (
    PAGE,
    Facts,
    Result,
    blender_outputs,
    cut_of,
    delivered,
    page,
    pass_channels,
    write_passes,
    written_timelines,
)

pytestmark = pytest.mark.slow
SCALED = (SCALE * SIZE[0], SCALE * SIZE[1])
# What these readers call the primaries and the pixel formats of the results.
_PRIMARIES = {"bt709": "BT.709", "bt2020": "BT.2020"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return delivered(tmp_path_factory.mktemp("results"))


def readable_by(results: list[Result], program: str) -> list[Result]:
    chosen = [result for result in results if program in result.also]
    assert chosen
    return chosen


def output(*words: object) -> str:
    return subprocess.run(list(map(str, words)), capture_output=True, check=True, text=True).stdout


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.interchange.formats_table"


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffprobe_finds_the_facts_of_movies(results: list[Result]) -> None:
    for result in readable_by(results, "ffprobe"):
        text = output("ffprobe", "-v", "error", "-show_streams", "-of", "json", result.path)
        streams = json.loads(text)["streams"]
        video = next(stream for stream in streams if stream["codec_type"] == "video")
        sound = [stream for stream in streams if stream["codec_type"] == "audio"]
        assert probed(video, sound) == result.facts, result.name


def probed(video: dict[str, Any], sound: list[dict[str, Any]]) -> Facts:
    """Return the facts of a movie as ffprobe reports them."""
    layout, tags = video["pix_fmt"], {key.lower(): value for key, value in video["tags"].items()}
    digits = "".join(filter(str.isdigit, layout.partition("p")[2]))
    aspect = video.get("sample_aspect_ratio", "-")
    return Facts(
        bits=digits or "8",
        alpha="yes" if layout.startswith(("yuva", "gbrap", "bgra")) else "-",
        rate=video["r_frame_rate"].removesuffix("/1"),
        timecode=tags["timecode"],
        aspect="-" if aspect == "N/A" else aspect,
        colour=_PRIMARIES[video["color_primaries"]],
        sound=" + ".join(f"{one['channels']}{' default' if one['disposition']['default'] else ''}" for one in sound),
    )


def test_pillow_finds_the_facts_of_png_and_jpeg(results: list[Result]) -> None:
    for result in readable_by(results, "Pillow"):
        with Image.open(result.path) as picture:
            assert picture.size == SCALED
            assert ("A" in picture.mode) == (result.facts.alpha == "yes")


def test_tifffile_finds_the_facts_of_tiff(results: list[Result]) -> None:
    for result in readable_by(results, "tifffile"):
        with tifffile.TiffFile(result.path) as file:
            first = file.pages[0]
            assert first.shape == (*SCALED[::-1], 4)  # type: ignore[union-attr]
            assert str(first.bitspersample) == result.facts.bits  # type: ignore[union-attr]
            assert [int(kind) for kind in first.extrasamples] == [2]  # type: ignore[union-attr]  # straight alpha


@pytest.mark.skipif(shutil.which("exrheader") is None, reason="exrheader is not installed")
def test_exrheader_finds_the_facts_of_exr(results: list[Result]) -> None:
    for result in readable_by(results, "exrheader"):
        text = output("exrheader", result.path)
        for expected in (
            "A, 16-bit floating-point",
            f"time {result.facts.timecode}",
            "pixelAspectRatio (type float): 2",
        ):
            assert expected in text, f"{result.name}: {expected}"


@pytest.mark.skipif(shutil.which("oiiotool") is None, reason="oiiotool is not installed")
def test_oiiotool_finds_the_facts_of_dpx(results: list[Result]) -> None:
    for result in readable_by(results, "oiiotool"):
        text = output("oiiotool", "--info", "-v", result.path)
        for expected in ("uint10 dpx", f'dpx:TimeCode: "{result.facts.timecode}"', "dpx:FrameRate: 25"):
            assert expected in text, f"{result.name}: {expected}"


@pytest.mark.skipif(BLENDER is None, reason="blender is not installed")
def test_blender_opens_every_picture_and_pass(results: list[Result], tmp_path: Path) -> None:
    pictures = [result.path for result in readable_by(results, "Blender")]
    write_passes(tmp_path / "p.exr")
    found, _ = compositor_outputs([tmp_path / "p.exr", *pictures], tmp_path / "judged")
    for path in pictures:
        assert tuple(found[path]["size"]) == SCALED, path
        assert "Image" in found[path]["values"], path
    expected = {name for *_, channels in pass_channels(tmp_path / "p.exr") for name in blender_outputs(channels)}
    assert set(found[tmp_path / "p.exr"]["values"]) == expected


def test_opentimelineio_finds_the_facts_of_timelines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    otio: Any = pytest.importorskip("opentimelineio")
    from tests.interchange.test_timelines import exact_times_for_fcpx

    exact_times_for_fcpx(monkeypatch)
    for name, text in written_timelines(tmp_path).items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        options = {"rate": float(RATE)} if name.endswith(".edl") else {}
        found = otio.adapters.read_from_file(str(path), **options)
        timeline = found[0] if isinstance(found, otio.schema.SerializableCollection) else found
        stated = cut_of(name, text)
        clips = [clip for track in timeline.tracks for clip in track if isinstance(clip, otio.schema.Clip)]
        lengths = {round(clip.source_range.duration.rescaled_to(RATE).value) for clip in clips}
        assert lengths == {stated.frames}, name
        start = timeline.global_start_time or clips[0].source_range.start_time
        assert otio.opentime.to_timecode(start.rescaled_to(RATE), RATE) == stated.start, name
        media = [_media_name(clip) for clip in clips]
        assert sorted(media) == sorted(stated.media), name


def _media_name(clip: Any) -> str:
    """Return the file of a clip; of an EDL, that of its comments."""
    url = getattr(clip.media_reference, "target_url", None)
    return Path(url).name if url else str(clip.name)

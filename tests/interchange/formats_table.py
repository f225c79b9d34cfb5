"""Table of what is read and what is written: ``python -m tests.interchange.formats_table`` writes the page.

Every line is measured. What is read was made by another library (`formats_sources`); what is written is read back by
OpenImageIO and PyAV, and, in `test_formats_table`, by other programs.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

import av
import numpy as np
import OpenImageIO
from av.stream import Disposition

from propagate.arrays import Floats
from stylize.delivery.movie import write_movie
from stylize.delivery.sequence import write_sequence
from stylize.errors import StylizeError
from stylize.interchange.passes import FrameData, parts_of, write_parts
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import make_timeline
from stylize.media.codecs import CODECS
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot, read_frames
from stylize.media.targets import Encoding, parse_target
from tests.interchange.formats_sources import RATE, SCALE, SIZE, SOURCES, TIMECODE, Source, movie, picture

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"
_INTRODUCTION = """\
# Formats

<!-- Measured by: python -m tests.interchange.formats_table. Run that, do not change this file. -->

What is read, and what is written. Each line was measured with a file of two frames: sources were made by FFmpeg and
OpenImageIO, and results were read back by them. The last column of the results names the programs that a test asks,
too, where they are installed. [Output](../how-to/output.md) describes the options.
"""
# Names of code points of H.273.
_NAMES = {1: "BT.709", 5: "BT.601 (625)", 6: "BT.601 (525)", 9: "BT.2020", 12: "P3"}
MATTE_SIZE = (SIZE[1], SIZE[0])


@dataclass(frozen=True)
class Facts:
    """Findings of a reader in a file, as text. timecode, rate: of the first frame. sound: channels of each track."""

    bits: str = "-"
    alpha: str = "-"
    rate: str = "-"
    timecode: str = "-"
    aspect: str = "-"
    colour: str = "-"
    sound: str = "-"


# Read


def facts_read(source: Source, folder: Path) -> Facts | str:
    """Return what `open_shot` finds in a source, or the message of its error.

    Raises AssertionError if the picture differs.
    """
    try:
        shot = open_shot(source.make(folder), **source.options)
        pixels = next(read_frames(shot))[1]
    except StylizeError as error:
        return _without_folder(str(error), folder)
    values = (pixels / np.iinfo(pixels.dtype).max).astype(np.float32)
    if source.tolerance is not None:
        error_found = picture_error(values, shot)
        assert error_found < source.tolerance, f"{source.name}: differs by {error_found}"
    channels = [str(count) for count in shot.audio_channels]
    return Facts(
        bits=str(shot.depth),
        alpha="yes" if shot.alpha else "-",
        rate=f"{shot.rate}",
        timecode=shot.timecode or "-",
        aspect=f"{shot.pixel_aspect}:1",
        colour=_NAMES[shot.colour.primaries],
        sound=" + ".join(channels) or "-",
    )


def picture_error(values: Floats, shot: Shot) -> float:
    """Return the max error in the middle of a frame of a source."""
    if shot.kind == "movie":
        values = values[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]
    return float(np.abs(values - picture(values.shape[2] == 4))[2:-2, 2:-2].max())


def _without_folder(text: str, folder: Path) -> str:
    return text.replace(f"{folder}/", "").replace(str(folder), "the folder")


# Written


@dataclass(frozen=True)
class Result:
    """A written file. path: the movie, or its first picture. also: programs that read it, too, in the tests."""

    name: str
    path: Path
    facts: Facts
    notes: tuple[str, ...]
    also: str


_PICTURES = (
    ("PNG", ".png", Encoding(), "Pillow, Blender"),
    ("PNG, `--bits 8`", ".png", Encoding(bits=8), "Pillow, Blender"),
    ("TIFF", ".tif", Encoding(), "tifffile, Blender"),
    ("JPEG", ".jpg", Encoding(), "Pillow, Blender"),
    ("EXR", ".exr", Encoding(), "exrheader, Blender"),
    ("EXR, `--working-space acescg`", ".exr", Encoding(space="acescg"), "exrheader, Blender"),
    ("DPX", ".dpx", Encoding(), "oiiotool, Blender"),
)


def delivered(folder: Path) -> list[Result]:
    """Write a shot with alpha, 2:1 pixels, time code and two audio tracks in every format."""
    shot = _shot_to_deliver(folder)
    frames = {}
    for number, pixels in read_frames(shot):
        frames[number] = folder / f"result.{number}.png"
        write_image(frames[number], pixels)
    return [*_sequences(shot, frames, folder), *_movies(shot, frames, folder)]


def _shot_to_deliver(folder: Path) -> Shot:
    return open_shot(
        movie(
            "shot.mov", "prores_ks", "yuva444p10le", options={"profile": "4"}, tracks=["mono", "stereo"], aspect=2,
            timecode=True,
        )(folder)
    )  # fmt: skip


def _sequences(shot: Shot, frames: Mapping[int, Path], folder: Path) -> Iterable[Result]:
    for index, (name, suffix, encoding, also) in enumerate(_PICTURES):
        pattern = Pattern(folder / f"pictures {index}", "r.", 4, suffix)
        notes = write_sequence(frames.items(), pattern, shot=shot, encoding=encoding)
        path = pattern.path(shot.frames[0])
        yield Result(name, path, picture_facts(path), notes, also)


def _movies(shot: Shot, frames: Mapping[int, Path], folder: Path) -> Iterable[Result]:
    for codec in CODECS.values():
        for suffix in codec.suffixes:
            path = folder / f"{codec.name}{suffix}"
            notes = write_movie(shot, frames, path, codec=codec.name)
            yield Result(f"{suffix[1:].upper()}, `{codec.name}`", path, movie_facts(path), notes, "ffprobe")


def picture_facts(path: Path) -> Facts:
    """Return what OpenImageIO finds in a picture."""
    spec = OpenImageIO.ImageInput.open(str(path)).spec()
    rate = spec.getattribute("framesPerSecond") or spec.getattribute("FramesPerSecond")
    speed = spec.getattribute("dpx:FrameRate") or spec.getattribute("xmpDM:videoFrameRate")
    aspect = spec.getattribute("PixelAspectRatio")
    return Facts(
        bits=_bits(spec),
        alpha="yes" if spec.alpha_channel >= 0 else "-",
        rate=str(Fraction(*rate)) if rate else f"{float(speed):g}" if speed else "-",
        timecode=_timecode(spec),
        aspect="-" if aspect is None else f"{aspect:g}:1",
        colour=_declared_colour(spec, path.suffix),
    )


def _bits(spec: Any) -> str:
    kind = {"half": "16, float", "float": "32, float", "uint8": "8", "uint16": "16"}[str(spec.format)]
    return str(spec.getattribute("oiio:BitsPerSample") or kind)


def _timecode(spec: Any) -> str:
    packed = spec.getattribute("smpte:TimeCode")
    if packed is None:
        return spec.getattribute("xmpDM:timeValue") or "-"
    text = f"{packed[0]:08x}"
    return ":".join(text[place : place + 2] for place in (0, 2, 4, 6))


def _declared_colour(spec: Any, suffix: str) -> str:
    if suffix == ".exr":
        red = spec.getattribute("chromaticities")[:2]
        return {0.64: "linear Rec. 709", 0.713: "ACEScg"}[round(red[0], 3)]
    if suffix == ".dpx":
        return f"{spec.getattribute('dpx:Colorimetric')}, {spec.getattribute('dpx:Transfer')}"
    declared = spec.getattribute("ICCProfile") is not None or spec.getattribute("CICP") is not None
    return "declared" if declared else "Rec. 709, as readers assume"


def movie_facts(path: Path) -> Facts:
    """Return what PyAV finds in a movie."""
    with av.open(str(path)) as opened:
        video = opened.streams.video[0]
        frame = next(opened.decode(video))
        metadata = {key.lower(): value for key, value in video.metadata.items()}
        tracks = [
            f"{track.channels}{' default' if track.disposition & Disposition.default else ''}"
            for track in opened.streams.audio
        ]
        return Facts(
            bits=str(max(component.bits for component in frame.format.components)),
            alpha="yes" if any(component.is_alpha for component in frame.format.components) else "-",
            rate=str(video.average_rate),
            timecode=metadata.get("timecode", "-"),
            aspect=f"{video.sample_aspect_ratio}:1" if video.sample_aspect_ratio else "-",
            colour=_NAMES[int(frame.color_primaries)],
            sound=" + ".join(tracks) or "-",
        )


# Passes


def pass_channels(path: Path) -> list[tuple[str, str, list[str]]]:
    """Return name, type and channels of each part of an EXR, as OpenImageIO finds them."""
    source = OpenImageIO.ImageInput.open(str(path))
    found = []
    while source.seek_subimage(len(found), 0):
        spec = source.spec()
        found.append((spec.getattribute("oiio:subimagename"), str(spec.format), list(spec.channelnames)))
    return found


def blender_outputs(channels: Sequence[str]) -> list[str]:
    """Return the outputs with values of Blender's Image node, by the rules that `test_blender` states."""
    layers: dict[str, int] = {}
    for channel in channels:
        layer, _, last = channel.rpartition(".")
        layers[layer] = layers.get(layer, 0) + (len(last) == 1)
    return [layer for layer, count in layers.items() if count in (1, 3, 4)]


def write_passes(path: Path) -> None:
    """Write passes of a frame in the middle of a shot, with depth."""
    flat, flow = np.full(MATTE_SIZE, 0.5, np.float32), np.ones((*MATTE_SIZE, 2), np.float32)
    seen = np.ones(MATTE_SIZE, bool)
    write_parts(path, parts_of(FrameData(flat, flat, flat, (1, 9), flow, flow, seen, seen, flat)))


# Timelines


@dataclass(frozen=True)
class Cut:
    """Contents of a timeline. start: time code of its first frame. frames: of its length. media: file of each track."""

    start: str
    frames: int
    media: tuple[str, ...]


def written_timelines(folder: Path) -> dict[str, str]:
    """Write a timeline of the shot with alpha in every format; return the texts by file name."""
    shot = _shot_to_deliver(folder)
    timeline = make_timeline(
        shot, parse_target(str(folder / "result.mov"), shot.name), [(shot.frames, (1,))], alpha="straight"
    )
    return {
        f"{shot.name}{suffix}": text(timeline) for files in TIMELINES.values() for suffix, text in files.items()
    }  # fmt: skip


def cut_of(name: str, text: str) -> Cut:
    """Return what the text of a timeline states. name: its file name."""
    if name.endswith(".otio"):
        return _cut_of_otio(json.loads(text))
    if name.endswith(".edl"):
        (cut,) = re.findall(r"V +C +\S+ \S+ (\S+) (\S+)", text)
        first, after = (_frame_count(one) for one in cut)
        return Cut(cut[0], after - first, tuple(re.findall(r"FROM CLIP NAME: (.+)", text)))
    root = ElementTree.fromstring(text)
    if name.endswith(".xml"):
        files = _xmeml_media(root)
        media = tuple(files[str(one.get("id"))] for one in root.findall("sequence/media/*/track/clipitem/file"))
        return Cut(str(root.findtext("sequence/timecode/string")), int(str(root.findtext("sequence/duration"))), media)
    sequence = root.find("library/event/project/sequence")
    assert sequence is not None
    files = {one.get("id"): Path(str(one.get("src"))).name for one in root.iter("asset")}
    start, duration = (Fraction(str(sequence.get(key)).removesuffix("s")) * RATE for key in ("tcStart", "duration"))
    return Cut(_as_timecode(int(start)), int(duration), tuple(files[one.get("ref")] for one in root.iter("asset-clip")))


def _cut_of_otio(root: Any) -> Cut:
    clips = [track["children"][0] for track in root["tracks"]["children"]]
    media = (one["media_references"]["DEFAULT_MEDIA"]["target_url"] for one in clips)
    frames = int(clips[0]["source_range"]["duration"]["value"])
    return Cut(_as_timecode(int(root["global_start_time"]["value"])), frames, tuple(Path(one).name for one in media))


def _xmeml_media(root: "ElementTree.Element") -> dict[str, str]:
    """Return the file name of each file, by its id; only the first of its mentions has the name."""
    return {str(one.get("id")): str(one.findtext("name")) for one in root.iter("file") if one.find("name") is not None}


def _frame_count(timecode: str) -> int:
    hours, minutes, seconds, frames = map(int, timecode.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * RATE + frames


def _as_timecode(frame: int) -> str:
    seconds, frames = divmod(frame, RATE)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


# Page


def page() -> str:
    """Return the page of the documentation."""
    with TemporaryDirectory() as text:
        folder = Path(text).resolve()
        return "\n".join(
            (
                _INTRODUCTION,
                *_read_table(folder),
                *_written_table(folder),
                *_timeline_table(folder),
                *_pass_table(folder),
            )
        )


def _read_table(folder: Path) -> Iterable[str]:
    yield "## What is read\n"
    yield "Pictures without a rate have 24, which is reported; without a timecode, theirs is the frame's number.\n"
    yield from _rows("Source", "Bits", "Alpha", "Rate", "Timecode", "Pixel aspect ratio", "Colour", "Sound")
    refused = []
    for index, source in enumerate(SOURCES):
        part = folder / f"source {index}"
        part.mkdir()
        found = facts_read(source, part)
        if isinstance(found, str):
            refused.append((source.name, found))
        else:
            yield _row(source.name, *astuple(found))
    yield "\n### What is refused\n"
    yield from _rows("Source", "Message")
    yield from (_row(name, f"`{message.replace('`', '')}`") for name, message in refused)
    yield ""


def _written_table(folder: Path) -> Iterable[str]:
    yield "## What is written\n"
    yield f"The shot has 12 bits, alpha, 25 frames per second, timecode {TIMECODE}, pixels of 2:1, and audio tracks of"
    yield "1 and of 2 channels.\n"
    yield from _rows(
        "Result", "Bits", "Alpha", "Rate", "Timecode", "Pixel aspect ratio", "Colour", "Sound", "Also read by"
    )
    results = delivered(folder)
    yield from (_row(result.name, *astuple(result.facts), result.also) for result in results)
    yield "\n### What is reported\n"
    yield from _rows("Result", "Message")
    notes: dict[str, list[str]] = {}
    for result in results:
        for note in result.notes:
            notes.setdefault(_without_folder(note, folder), []).append(result.name)
    yield from (_row("; ".join(names), note) for note, names in notes.items())
    yield ""


def _timeline_table(folder: Path) -> Iterable[str]:
    yield "## Timelines\n"
    yield "The result is a movie. Media are listed from the lowest track on; sound is that of the plate.\n"
    yield from _rows("File", "Time code", "Frames", "Media of its tracks", "Also read by")
    for name, text in written_timelines(folder).items():
        cut = cut_of(name, text)
        media = ", ".join(f"`{one}`" for one in cut.media)
        yield _row(f"`{name}`", cut.start, str(cut.frames), media, "OpenTimelineIO")
    yield ""


def _pass_table(folder: Path) -> Iterable[str]:
    yield "## Passes\n"
    yield from _rows("Part", "Type", "Channels", "Outputs in Blender")
    write_passes(folder / "p.exr")
    for name, kind, channels in pass_channels(folder / "p.exr"):
        yield _row(name, kind, " ".join(f"`{one}`" for one in channels), ", ".join(blender_outputs(channels)))
    yield ""


def _rows(*heads: str) -> tuple[str, str]:
    return _row(*heads), _row(*["---"] * len(heads))


def _row(*cells: str) -> str:
    return f"| {' | '.join(re.sub(r'[|]', '/', cell) for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

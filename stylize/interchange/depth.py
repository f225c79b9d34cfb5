"""Depth for the passes: the user's files, one per frame, or an estimate from the plates by a network."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import Floats
from stylize.errors import GuideError, InputError
from stylize.ingest.unpacking import unpack_once
from stylize.media.companions import Companion
from stylize.media.images import channel_names, read_channels, read_data, to_float
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.settings import DEPTH_AUTO, Settings

_DEPTH = Companion("depth", GuideError)


@dataclass(frozen=True)
class Depth:
    """Depth of all frames. read: returns the depth of a frame, float32 (H, W). cache_inputs: returns its inputs."""

    read: Callable[[int], Floats]
    cache_inputs: Callable[[int], str]


def check_depth(settings: Settings, shot: Shot, project: Project) -> None:
    """Preflight check that depth is available. Raises GuideError or RendererError."""
    if settings.depth == DEPTH_AUTO:
        _weights_folder(settings)
    elif settings.depth is not None:
        depth_from_files(Path(settings.depth), shot, project)


def open_depth(settings: Settings, plates: Plates, project: Project) -> Depth | None:
    """Return the requested depth, or None. Raises GuideError or RendererError, as `check_depth` does."""
    if settings.depth is None:
        return None
    if settings.depth != DEPTH_AUTO:
        return depth_from_files(Path(settings.depth), plates.shot, project)
    folder = _weights_folder(settings)
    network = _Network(folder, settings.device)
    weights = [project.digest(file) for file in sorted(folder.glob("*midas*"))]
    return Depth(
        lambda frame: network.read(plates, frame),
        lambda frame: f"{DEPTH_AUTO} {weights} {project.digest(plates.paths[frame])}",
    )


def depth_from_files(path: Path, shot: Shot, project: Project) -> Depth:
    """Return depth from files, in their unit.

    Raises GuideError if a file is missing or unreadable, differs in size from the shot, or holds NaN.
    """
    files = _DEPTH.files(path, shot, lambda movie: unpack_once(movie, project, "guides"))

    def read(frame: int) -> Floats:
        values = read_depth(_DEPTH.file_of(files, frame))
        _DEPTH.check_size(files[frame], (values.shape[1], values.shape[0]), shot.size)
        return values

    return Depth(read, lambda frame: project.digest(_DEPTH.file_of(files, frame)))


def read_depth(path: Path) -> Floats:
    """Read the depth in a picture: float32 (H, W).

    Depth is channel `Z` of an EXR, alone or in a layer, or a channel with "depth" in its name; otherwise the first
    channel. Floats are returned as stored, including infinity. Integers are scaled to [0, 1]. Raises GuideError if the
    picture is unreadable or holds NaN.
    """
    try:
        name = _depth_channel(channel_names(path)) if path.suffix.lower() == ".exr" else None
        values = read_data(path)[..., 0] if name is None else read_channels(path, [name])[..., 0]
    except InputError as error:
        raise GuideError(f"depth {error}") from error
    if np.isnan(values).any():
        raise GuideError(f"depth {path}: the picture contains NaN, expected finite values; render it again")
    return np.ascontiguousarray(values, np.float32)


def _depth_channel(names: tuple[str, ...]) -> str | None:
    for matches in (
        lambda name: name == "Z",
        lambda name: name.rpartition(".")[2].upper() == "Z",
        lambda name: "depth" in name.lower(),
    ):
        found = [name for name in names if matches(name)]
        if found:
            return found[0]
    return None


def _weights_folder(settings: Settings) -> Path:
    from stylize.renderers.diffusion.networks import check_annotator

    folder = check_annotator("depth", settings.annotators, ready="--depth PATH")
    assert folder is not None  # depth is estimated by a network
    return folder


@dataclass
class _Network:
    """Network that is loaded when the first frame is requested, since it is not needed if all passes exist."""

    folder: Path
    device: str
    loaded: list[Any] = field(default_factory=list)

    def read(self, plates: Plates, frame: int) -> Floats:
        from stylize.renderers.diffusion import networks
        from stylize.renderers.diffusion.loading import choose_device

        if not self.loaded:
            device, _ = choose_device(self.device, "float32")
            self.loaded.append(networks.load_annotator("depth", self.folder, device))
        return networks.depth_of(self.loaded[0], to_float(plates.colour(frame)))

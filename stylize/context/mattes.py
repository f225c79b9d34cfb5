"""Mattes of a shot, which limit the style to part of the frame. Mattes are data: no colour conversion applies."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from masks.extent import Extent, extent
from masks.feather import feather
from masks.grow import grow
from masks.prompts import Box, Prompt
from propagate.arrays import Floats
from stylize.context.matte_confidence import read_confidence, review_line
from stylize.errors import FrameRangeError, InputError, MatteError
from stylize.ingest.unpacking import unpack, unpack_once
from stylize.media.companions import Companion
from stylize.media.images import image_info, read_values
from stylize.media.missing_alpha import missing_alpha
from stylize.media.sequences import format_frames
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.settings import Settings
from stylize.settings.crypto_matte import is_crypto_matte
from stylize.settings.network_matte import format_prompt, is_network_matte, read_network_matte
from stylize.settings.option_types import ALPHA
from stylize.stages import cache_key

# Subfolder of mask/ in the project for mattes from a network.
NETWORK_FOLDER = "auto"

_MATTE = Companion("matte", MatteError)
# Channel counts of files with alpha: grey with alpha, and RGBA.
_WITH_ALPHA = (2, 4)
# Name of the cached extents in the project's state.
_SURVEY = "mattes"


@dataclass(frozen=True)
class Shaping:
    """Operations on a matte when it is read, in the order of the fields.

    grow: in pixels; negative values shrink the matte. feather: in pixels.
    """

    invert: bool = False
    grow: int = 0
    feather: int = 0

    def shape(self, matte: Floats) -> Floats:
        """Invert, grow or shrink, and feather a matte: float32 (H, W) in [0, 1]."""
        inverted = np.ascontiguousarray(1 - matte if self.invert else matte, np.float32)
        return feather(grow(inverted, self.grow), self.feather)

    def parameters(self) -> list[int]:
        """Return the parameters of ``shape``, for cache keys."""
        return [int(self.invert), self.grow, self.feather]


@dataclass(frozen=True)
class Mattes:
    """One matte for each frame of a shot.

    paths: file of each frame. size: (width, height) in pixels. by_alpha: the matte is the alpha channel, and 1 in files
    without alpha; otherwise it is the grey value. shaping: applied by `read`. confidence: expected overlap with the
    truth, 0..1, by frame, of mattes that `stylize matte` tracked; empty for others.
    """

    paths: Mapping[int, Path]
    size: tuple[int, int]
    by_alpha: bool = False
    shaping: Shaping = Shaping()
    confidence: Mapping[int, float] = field(default_factory=dict)

    def read(self, frame: int) -> Floats:
        """Read a frame: float32 (H, W) in [0, 1], 1 where the style applies.

        Raises MatteError if the file is missing or unusable.
        """
        path = _MATTE.file_of(self.paths, frame)
        values = _values(path)
        _MATTE.check_size(path, (values.shape[1], values.shape[0]), self.size)
        colours = values.shape[2] - (values.shape[2] in _WITH_ALPHA)
        if not self.by_alpha:
            # The mean, not luminance: the mean of three equal values is bit-identical to them.
            return self.shaping.shape(values[..., :colours].mean(axis=2) if colours > 1 else values[..., 0])
        opaque = np.ones(values.shape[:2], np.float32)
        return self.shaping.shape(values[..., -1] if values.shape[2] in _WITH_ALPHA else opaque)

    def cache_inputs(self, frames: Iterable[int], digest: Callable[[Path], str]) -> list[object]:
        """Return the inputs of `read` for some frames, for cache keys. digest: returns a file's content digest."""
        return [*self.shaping.parameters(), self.by_alpha, *(digest(self.paths[frame]) for frame in frames)]


def shaping_of(settings: Settings) -> Shaping:
    """Return the shaping that the options request."""
    return Shaping(settings.matte_invert, settings.matte_grow - settings.matte_shrink, settings.matte_feather)


def mattes_from_files(shot: Shot, settings: Settings, project: Project) -> Mattes | None:
    """Open the mattes of a shot from files. Return None if there are none, or if they are made from the plates.

    Requests for mattes from the plates are only checked here, because the plates may not exist yet. Raises MatteError,
    or FrameRangeError for a prompt on a frame that the shot does not have.
    """
    if settings.matte is None:
        return None
    if settings.matte == ALPHA:
        alpha_mattes(shot, {})
        return None
    if is_crypto_matte(settings.matte):
        return None
    if is_network_matte(settings.matte):
        check_prompts(read_network_matte(settings.matte).prompts, shot)
        return None
    mattes = open_mattes(settings.matte, shot, shaping=shaping_of(settings), project=project)
    if mattes.by_alpha:
        frames = tuple(mattes.paths)
        note = missing_alpha(f"matte {settings.matte}", frames, [image_info(mattes.paths[one]).alpha for one in frames])
        if note is not None and shot.strict:
            raise MatteError(f"{note}; write them with alpha, or leave out --strict to use them so")
        if note is not None:
            project.message(f"warning: {note}: the whole frame is inside the matte there")
    review = review_line(mattes.confidence)
    if review is not None:
        project.message(f"warning: matte {settings.matte}: {review}")
    return mattes


def check_prompts(prompts: Sequence[Prompt], shot: Shot) -> None:
    """Raise FrameRangeError for a prompt on a frame that the shot does not have, MatteError for one off the picture."""
    width, height = shot.size
    for prompt in prompts:
        if prompt.frame not in shot.frames:
            available = f"the frames are {format_frames(shot.frames)}"
            raise FrameRangeError(
                f"{format_prompt(prompt)}: the shot has no frame {prompt.frame}, {available}; choose one of them"
            )
        # A box ends at a pixel border, at most the picture's width. A click is a pixel.
        corner = (prompt.x1, prompt.y1) if isinstance(prompt, Box) else (prompt.x, prompt.y)
        last = (width, height) if isinstance(prompt, Box) else (width - 1, height - 1)
        if corner[0] > last[0] or corner[1] > last[1]:
            raise MatteError(
                f"{format_prompt(prompt)} is outside the frame, which is {width}x{height}: expected x from 0 to "
                f"{last[0]} and y from 0 to {last[1]}"
            )


def open_mattes(
    path: str | Path, shot: Shot, *, shaping: Shaping = Shaping(), project: Project | None = None
) -> Mattes:
    """Find the mattes of a shot: pictures with its frame numbers, a movie of equal length, or one still for all frames.

    The matte is the alpha channel if any alpha is not opaque, else the grey value. EXR values are unchanged. The frames
    of a movie are unpacked once into `project`, or into a temporary folder that is deleted with the returned object.

    Raises MatteError if a file is missing or unreadable, or if the size or number of frames differs from the shot's.
    """
    path = Path(path)
    if project is not None:
        return _find_mattes(path, shot, shaping, lambda movie: unpack_once(movie, project, "mask"))
    temporary = Path(tempfile.mkdtemp(prefix="stylize-mattes-"))
    try:
        mattes = _find_mattes(path, shot, shaping, lambda movie: unpack(movie, temporary))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    weakref.finalize(mattes, shutil.rmtree, temporary, ignore_errors=True)
    return mattes


def alpha_mattes(shot: Shot, plates: Mapping[int, Path], shaping: Shaping = Shaping()) -> Mattes:
    """Return the alpha channel of the shot as its mattes.

    plates: file of each frame. Raises MatteError if the shot has no alpha.
    """
    if not shot.alpha:
        raise MatteError(
            f"matte {ALPHA}: {shot.path} has no alpha, expected an alpha channel to use as the matte; give a matte "
            "with --matte PATH"
        )
    return Mattes(plates, shot.size, by_alpha=True, shaping=shaping)


def read_matte(path: Path, size: tuple[int, int]) -> Floats:
    """Read one picture as a matte: float32 (H, W) in [0, 1].

    size: expected (width, height). Raises MatteError if the file is missing, unreadable or of another size.
    """
    files = {0: path}
    try:
        return Mattes(files, size, _by_alpha(files)).read(0)
    except MatteError:
        raise
    except InputError as error:
        raise MatteError(f"matte {error}") from error


def matte_extents(mattes: Mattes, project: Project) -> dict[int, Extent]:
    """Return the extent of each frame's matte. The project caches the result. Raises MatteError, as `read` does."""
    digests = {frame: project.digest(path) for frame, path in mattes.paths.items()}
    key = cache_key("matte", mattes.shaping.parameters(), mattes.by_alpha, sorted(digests.items()))
    stored = project.recall(_SURVEY, key)
    if stored is not None:
        return {int(frame): _as_extent(*facts) for frame, facts in stored}
    by_digest: dict[str, Extent] = {}
    for frame, digest in digests.items():
        if digest not in by_digest:
            by_digest[digest] = extent(mattes.read(frame))
    found = {frame: by_digest[digest] for frame, digest in digests.items()}
    project.remember(
        _SURVEY, key, [[frame, [found_extent.box, found_extent.whole]] for frame, found_extent in found.items()]
    )
    return found


def _as_extent(box: list[int] | None, whole: bool) -> Extent:
    return Extent(None if box is None else (box[0], box[1], box[2], box[3]), whole)


def _find_mattes(path: Path, shot: Shot, shaping: Shaping, unpack_movie: Callable[[Shot], dict[int, Path]]) -> Mattes:
    files = _MATTE.files(path, shot, unpack_movie)
    folder = path if path.is_dir() else path.parent
    known = {frame: value for frame, value in read_confidence(folder).items() if frame in files}
    still = len(set(files.values())) < len(files)
    return Mattes(files, shot.size, _by_alpha(files), shaping, {} if still else known)


def _by_alpha(files: Mapping[int, Path]) -> bool:
    """Return whether any alpha is not opaque. Opaque alpha is ignored: many programs add it to grey pictures."""
    with_alpha = (file for file in dict.fromkeys(files.values()) if image_info(file).alpha)
    return any((_values(file)[..., -1] < 1).any() for file in with_alpha)


def _values(path: Path) -> Floats:
    try:
        return read_values(path, grey=True)
    except InputError as error:
        raise MatteError(f"matte {error}") from error

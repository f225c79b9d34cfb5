"""Models in the Hugging Face cache: found there, or fetched into it, and never without saying what and how large.

What is in the cache is taken as it is: with everything there, no request is made. What is not is fetched only where
somebody listens (``DownloadPermission``) and neither --offline nor HF_HUB_OFFLINE forbids it.
"""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from stylize.errors import RendererError
from stylize.renderers.diffusion.repo_files import WEIGHTS, Needed, within
from stylize.renderers.protocol import DownloadPermission

REPO = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
# What lies inside of a repo is written so: hf://owner/name/folder/file. A path swallows one of the slashes.
_INSIDE = re.compile(rf"hf:/{{1,2}}({REPO.pattern})/(.+?)/*")
# How often a download tells how far it is, in seconds; and in what unit, in bytes.
_POLL_SECONDS, _MEGABYTE = 0.5, 1_000_000


@dataclass(frozen=True)
class Source:
    """Where repos come from: the cache, and the network where there is leave.

    offline: it was asked for. half: tells whether weights of half precision will do.
    """

    permission: DownloadPermission | None = None
    offline: bool = False
    half: Callable[[], bool] = lambda: False

    def find(
        self, name: str, needed: Needed, what: str = "model", check: Callable[[Path], object] = lambda folder: None
    ) -> Path:
        """The snapshot of a repo, or the folder inside of it that is named, with all that is needed of it.

        what: it is, in messages. check: raises RendererError for one of another kind, told by its configuration alone,
        so that its weights are not fetched in vain. Raises RendererError, with the command that gets it, for one that
        is not here and cannot be had.
        """
        repo, inside = split(name)
        needed = within(inside, needed)
        folder = cached(repo)
        missing_part = "" if folder is None else needed.lacking(names_in(folder))
        if folder is not None and not missing_part:
            return folder / inside
        command = f"hf download {repo} {needed.patterns}"
        found = f"has {missing_part} in the Hugging Face cache" if missing_part else "is not in the Hugging Face cache"
        if self.offline or self.permission is None or _is_offline():
            why = ""
            if self.permission is not None:
                cause = "--offline is given" if self.offline else "HF_HUB_OFFLINE is set"
                why = f", and nothing is downloaded when {cause}"
            raise RendererError(f"the {what} {repo} {found}{why}; download it with: {command}")
        with _readable_errors(repo, what, command):
            _fetch(_Remote(repo, inside, what, command), needed, self.half(), self.permission, check)
        folder = cached(repo)
        if folder is None or needed.lacking(names_in(folder)):
            raise RendererError(f"the {what} {repo} did not arrive whole; download it again with: {command}")
        return folder / inside


# The cache alone.
CACHE_ONLY = Source()


def is_remote(name: str) -> bool:
    """Whether ``name`` is a repo id, ``owner/name``, or lies inside of a repo, ``hf://owner/name/inside``."""
    return bool(REPO.fullmatch(name) or _INSIDE.fullmatch(name))


def is_inside(name: str) -> bool:
    """Whether ``name`` lies inside of a repo, ``hf://owner/name/inside``."""
    return _INSIDE.fullmatch(name) is not None


def split(name: str) -> tuple[str, str]:
    """The repo id in a name that is remote, and what lies inside of the repo, or an empty text."""
    found = _INSIDE.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")


def cached(repo: str) -> Path | None:
    """The snapshot of a repo's main branch in the cache, whole or not; None when there is none."""
    from huggingface_hub import constants

    root = Path(constants.HF_HUB_CACHE).expanduser() / f"models--{repo.replace('/', '--')}"
    try:
        commit = (root / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    folder = root / "snapshots" / commit
    return folder if folder.is_dir() else None


def names_in(folder: Path) -> list[str]:
    """The names of the files in a folder, as a repo lists them."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def format_size(size: int) -> str:
    """A size in bytes as people say it."""
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{-(-size // 1000)} kB"


@dataclass(frozen=True)
class _Remote:
    """A repo that is to be fetched, what lies inside of it, what it is, and the command that gets it."""

    repo: str
    inside: str
    what: str
    command: str


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _fetch(
    remote: _Remote, needed: Needed, half: bool, permission: DownloadPermission, check: Callable[[Path], object]
) -> None:  # fmt: skip
    from huggingface_hub import HfApi, constants

    info = HfApi().model_info(remote.repo, files_metadata=True)
    sizes = {one.rfilename: one.size or 0 for one in info.siblings or []}
    try:
        names = needed.choose(sorted(sizes), half)
    except LookupError as error:
        raise RendererError(
            f"the {remote.what} {remote.repo} has {error.args[0]} in its repo, so it is of no use here; give one with "
            f"weights as {WEIGHTS}, or a folder or file of your own"
        ) from error
    folder = cached(remote.repo)
    # Files of an earlier commit may have changed since.
    present = names_in(folder) if folder is not None and folder.name == info.sha else []
    missing = [name for name in names if name not in present]
    size = sum(sizes[name] for name in missing)
    cache = Path(constants.HF_HUB_CACHE).expanduser()
    _check_room(remote, size, cache)
    files = f"{len(missing)} file{'s' if len(missing) > 1 else ''}"
    permission.message(f"downloads the {remote.what} {remote.repo}, {format_size(size)} in {files}, to {cache}")
    small = [name for name in names if not name.endswith(WEIGHTS)]
    store = cache / f"models--{remote.repo.replace('/', '--')}" / "blobs"
    with _reporting_progress(store, size, permission):
        _download(remote.repo, small)
        folder = cached(remote.repo)
        if folder is not None:
            check(folder / remote.inside)
        if len(small) < len(names):
            _download(remote.repo, names)


def _download(repo: str, names: list[str] | tuple[str, ...]) -> None:
    from huggingface_hub import snapshot_download

    if names:
        with _without_bars():
            snapshot_download(repo, allow_patterns=[escape(name) for name in names])


def _check_room(remote: _Remote, size: int, cache: Path) -> None:
    place = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < size:
        raise RendererError(
            f"the {remote.what} {remote.repo} takes {format_size(size)}, and {format_size(free)} are free at {place}; "
            "make room, or set HF_HOME to another place"
        )


@contextmanager
def _reporting_progress(store: Path, size: int, permission: DownloadPermission) -> Iterator[None]:
    """Tells within it how far a download is, by what has arrived."""
    before, finished = _bytes_in(store), threading.Event()
    total = max(1, size // _MEGABYTE)

    def watch() -> None:
        while not finished.wait(_POLL_SECONDS):
            done = (_bytes_in(store) - before) // _MEGABYTE
            permission.progress("download", max(0, min(done, total - 1)), total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
    permission.progress("download", total, total)


def _bytes_in(store: Path) -> int:
    size = 0
    for path in store.glob("*"):
        try:
            size += path.stat().st_size
        except OSError:  # renamed just now
            continue
    return size


@contextmanager
def _without_bars() -> Iterator[None]:
    """Within it the library's own bars, which would be drawn across ours, are not."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()


@contextmanager
def _readable_errors(repo: str, what: str, command: str) -> Iterator[None]:
    """Makes one line of what can go wrong with a download."""
    from huggingface_hub import constants
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    hub = constants.ENDPOINT
    try:
        yield
    except GatedRepoError as error:
        raise RendererError(
            f"the {what} {repo} is gated: accept its terms at {hub}/{repo}, log in with: hf auth login, and run "
            f"again, or download it with: {command}"
        ) from error
    except RepositoryNotFoundError as error:
        raise RendererError(
            f"there is no {what} {repo} at {hub}, or it is private; mend the name, or log in with: hf auth login, and "
            f"download it with: {command}"
        ) from error
    # Its bases are those of the client that the library is built upon, which is another from release to release.
    except (HfHubHTTPError, *HfHubHTTPError.__bases__, OSError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RendererError(
            f"the {what} {repo} could not be downloaded from {hub}: {reason}; when it can be reached, run again, or "
            f"get it with: {command}"
        ) from error

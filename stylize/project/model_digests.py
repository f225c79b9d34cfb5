"""Digests of model files, which are large and shared by projects: kept in the user's data, recomputed on change."""

import contextlib
from pathlib import Path

from stylize.errors import OutputError, ProjectError
from stylize.project.digests import DigestCache, digest_of
from stylize.project.user_data import data_folder

FILE = "model_digests.json"


def model_digest(path: Path, *, verify: bool = False) -> str:
    """Return the digest of a file's contents. verify: ignore the cache. Raises OSError when it cannot be read."""
    try:
        cache = DigestCache(data_folder() / FILE, verify=verify, shared=True)
    except ProjectError:
        return digest_of(path)  # no folder for the user's data, which only saves time
    cache.load()
    digest = cache.digest(path)
    with contextlib.suppress(OutputError):
        cache.save()
    return digest

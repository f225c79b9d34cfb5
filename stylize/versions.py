"""Versions of everything that determines the result: stylize, its stages, and the libraries."""

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from stylize.stages import STAGES, installed_libraries


def version_lines(extensions: Iterable[tuple[str, str]] = ()) -> Iterator[str]:
    """Yield the lines of ``stylize --version``. extensions: name and origin of extensions from other distributions."""
    yield f"stylize, version {version('stylize')}"
    yield f"stages: {', '.join(f'{name} {stage.version}' for name, stage in STAGES.items())}"
    yield f"libraries: {', '.join(f'{name} {found}' for name, found in installed_libraries().items())}"
    yield from (f"extension: {name}, {origin}" for name, origin in extensions)
    yield f"python: {platform.python_version()} on {platform.platform()}"

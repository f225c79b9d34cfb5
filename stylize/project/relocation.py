"""Recognise a project that the user has copied or moved together with the files next to it.

Trust is recorded by the path of a project. In addition, the user's data keep every combination of settings that the
user has given: paths near the project relative to it, everything else as it is, and samples of the contents of the
files near it. A project at another path continues if it names exactly such a combination, and if the files near it have
the same contents. The run then reads and reaches nothing that the user has not named.
"""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from stylize.errors import ProjectError
from stylize.io_errors import PROJECT_OPTION
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import READ_SUFFIXES, parse_pattern
from stylize.project.user_data import data_folder
from stylize.real_path import real_path
from stylize.settings.path_resolution import ToProject
from stylize.settings.references import PATH, SHOT, Reference

# Folder in the user's data, and the maximum number of contents that it keeps for one combination.
FOLDER, _REMEMBERED = "copies", 8
_HASH_BYTES = 16
# Bytes that are read at the beginning, in the middle and at the end of a file.
_SAMPLE_BYTES = 1 << 16
# Paths that are written, whose contents are not compared.
_WRITTEN = ("output",)


def remember(root: Path, references: Collection[Reference]) -> None:
    """Record a combination of references that the user has given. Raises OutputError or ProjectError."""
    file, contents = _file(root, references), _contents(root, references)
    known = _read(file)
    if contents in known[:1]:
        return
    kept = [contents, *(one for one in known if one != contents)][:_REMEMBERED]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with atomic_write(file, PROJECT_OPTION, shared=True) as partial:
        partial.write_text(json.dumps(kept), encoding="utf-8")


def is_known(root: Path, references: Collection[Reference]) -> bool:
    """Return whether the user has given these references to a project, and the files near it are those of that time.

    A file that is missing now is not read, and therefore not compared. The shot must be near.
    """
    if not any(one.option == SHOT and _text(root, one).startswith(".") for one in references):
        return False
    try:
        known = _read(_file(root, references))
    except ProjectError:
        return False
    if not known:
        return False
    found = {path: sample for path, sample in _contents(root, references).items() if sample}
    return any(all(one.get(path) == sample for path, sample in found.items()) for one in known)


def _file(root: Path, references: Collection[Reference]) -> Path:
    named = sorted([one.option, one.layer, one.kind, _text(root, one)] for one in references)
    name = hashlib.blake2b(json.dumps(named).encode(), digest_size=_HASH_BYTES).hexdigest()
    return data_folder() / FOLDER / f"{name}.json"


def _text(root: Path, reference: Reference) -> str:
    return ToProject(real_path(root)).path(reference.text) if reference.kind == PATH else reference.text


def _contents(root: Path, references: Collection[Reference]) -> dict[str, str]:
    """Return a sample of each file near the project, by relative path; empty for a missing one."""
    near = {_text(root, one): one for one in references if one.kind == PATH and one.option not in _WRITTEN}
    return {text: _sample(Path(one.text)) for text, one in near.items() if text.startswith(".")}


def _read(file: Path) -> list[dict[str, str]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def _sample(path: Path) -> str:
    """Return a hash of a file's size and parts of it, or of the names and sizes of a folder's or pattern's files and of
    three of them. Empty if there is nothing to read.
    """
    digest = hashlib.blake2b(digest_size=_HASH_BYTES)
    try:
        pattern = None if path.exists() else parse_pattern(path, READ_SUFFIXES)
        if path.is_file():
            _add(digest, path)
        elif path.is_dir() or pattern is not None:
            folder = path if pattern is None else pattern.folder
            files = [
                file
                for file in sorted(folder.iterdir())
                if file.is_file() and (pattern is None or pattern.match(file.name) is not None)
            ]
            digest.update(json.dumps([[file.name, file.stat().st_size] for file in files]).encode())
            for file in dict.fromkeys([*files[:1], *files[len(files) // 2 :][:1], *files[-1:]]):
                _add(digest, file)
            return digest.hexdigest() if files or path.is_dir() else ""
        else:
            return ""
    except OSError:
        return ""
    return digest.hexdigest()


def _add(digest: "hashlib.blake2b", path: Path) -> None:
    size = path.stat().st_size
    digest.update(f"{path.name} {size}".encode(errors="surrogateescape"))
    with path.open("rb") as file:
        for place in (0, size // 2, max(0, size - _SAMPLE_BYTES)):
            file.seek(place)
            digest.update(file.read(_SAMPLE_BYTES))

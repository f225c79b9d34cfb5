"""Record of what a rendered key was made of, for messages and to recognise what has changed since."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stylize.project import Project

_NAME, _AGREEMENT = "key", "agreement of"


@dataclass(frozen=True)
class KeyRecord:
    """Inputs that a key was made from.

    own, start: see ``Identity``. environment: see ``full_environment``. seed: as painted, unless a retry was better.
    candidate: number of the candidate that it is, from 1.
    """

    own: Mapping[str, str]
    start: str
    environment: Mapping[str, str]
    seed: int
    candidate: int = 1


def write(project: Project, path: Path, record: KeyRecord) -> None:
    """Record what the picture at a path was made of. Raises OutputError."""
    project.remember(f"{_NAME} {path.name}", project.digest(path), asdict(record))


def read(project: Project, path: Path) -> KeyRecord | None:
    """Return what the picture at a path was made of; None for one of an earlier version, or of a person."""
    known = project.recall(f"{_NAME} {path.name}", project.digest(path)) if path.is_file() else None
    return _parse(known)


def write_agreement(project: Project, path: Path, agreement: Mapping[str, float], before: Path, frame: int) -> None:
    """Record how well the picture at a path agrees with the previous key. Raises OutputError.

    agreement: fields of ``Agreement``. before, frame: picture and frame of the previous key.
    """
    value = {**agreement, "before": frame, "digest": project.digest(before)}
    project.remember(f"{_AGREEMENT} {path.name}", project.digest(path), value)


def agreement_of(facts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the agreement of a picture from the facts under its digest, with frame and digest of the previous key."""
    return next((value for name, value in facts.items() if name.startswith(f"{_AGREEMENT} ")), None)


def record_of(facts: Mapping[str, Any]) -> KeyRecord | None:
    """Return the inputs of a picture from the facts under its digest; None if it is not a rendered key."""
    return next((_parse(value) for name, value in facts.items() if name.startswith(f"{_NAME} ")), None)


def _parse(known: Any) -> KeyRecord | None:
    try:
        record = KeyRecord(**known)
        parts: list[Any] = [*record.own.items(), *record.environment.items()]
    except (TypeError, AttributeError):
        return None
    is_text = all(isinstance(name, str) and isinstance(value, str) for name, value in parts)
    return record if is_text and isinstance(record.candidate, int) else None

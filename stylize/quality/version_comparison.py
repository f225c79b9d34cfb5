"""Comparison of two versions of a project: the figures of their reports, their settings, and their keys on a sheet.

The figures come from the report that was current when a version was saved, measured on its frames. The pictures are the
keys. Frames of a version do not exist until it is restored and run, and are not compared.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from stylize.errors import OutputError, PlanError, ProjectError, StylizeError
from stylize.ingest.open_footage import open_footage
from stylize.io_errors import PROJECT_OPTION
from stylize.keys.key_choice import NO_CHOICE, KeyChoice
from stylize.media.safe_write import atomic_write
from stylize.media.sequences import READ_SUFFIXES, frame_number
from stylize.media.shot import Shot
from stylize.planning.key_choices import TABLE
from stylize.planning.keys_csv import read_choices
from stylize.project import Project, SavedFile, Version, VersionStore, present_state, trusted_settings
from stylize.project.layout import COMPARISON_FILES, SETTINGS_FILE
from stylize.project.version_names import NOT_COMPARED, PRESENT
from stylize.settings.ebsynth_folder import open_ebsynth_folder
from stylize.sheets.content import Cell, Column, Fact, Row, Sheet
from stylize.sheets.labelled_sheet import write_sheet

# Max number of frames on the sheet; those whose keys differ come first.
MAX_FRAMES = 8
JSON_VERSION = 1


@dataclass(frozen=True)
class _Side:
    """One version, its files by their names, and its reports by the part of the project."""

    name: str
    version: Version
    paths: Mapping[str, Path]
    reports: Mapping[str, Any]
    settings: Mapping[str, Any]

    def keys(self) -> dict[str, dict[int, SavedFile]]:
        """Return the keys by part and frame."""
        found: dict[str, dict[int, SavedFile]] = {}
        for file in self.version.files:
            folder, _, picture = file.name.rpartition("/")
            frame = frame_number(Path(picture))
            if folder.rpartition("/")[2] == "keys" and frame is not None and _is_picture(picture):
                found.setdefault(folder.rpartition("/")[0], {})[frame] = file
        return found

    def choices(self) -> dict[str, dict[int, KeyChoice]]:
        """Return the choices for single keys by part and frame. Raises ProjectError for an invalid table."""
        found: dict[str, dict[int, KeyChoice]] = {}
        for file in self.version.files:
            part, _, name = file.name.rpartition("/")
            if name != TABLE or part.rpartition("/")[2] == "keys":
                continue
            try:
                found[part] = read_choices(self.paths[file.name])
            except PlanError as error:
                raise ProjectError(f"version {self.name}, {file.name}: {error}; correct it and save again") from None
        return found


@dataclass(frozen=True)
class VersionComparison:
    """Comparison of two versions. figures: by part and shot, then by measure, the value of each or None.

    settings: those that differ, by name, with both values; None where a version has the default. different, equal:
    frames whose keys differ, or are the same, by part. choices: those of the tables that differ, by part and frame,
    with both in words; the next run uses them, so that keys may be the same. without_report: names of the versions
    without a current report.
    note: why the sheet may lack plates, and shows square pixels; empty if the shot can be opened. sheet, data: files
    with the keys, and with everything else as JSON. The sheet is None if neither has keys.
    """

    names: tuple[str, str]
    figures: Mapping[str, Mapping[str, tuple[float | None, float | None]]]
    settings: Mapping[str, tuple[Any, Any]]
    different: Mapping[str, tuple[int, ...]]
    equal: Mapping[str, tuple[int, ...]]
    choices: Mapping[str, Mapping[int, tuple[str, str]]]
    without_report: tuple[str, ...]
    note: str
    data: Path
    sheet: Path | None


def compare_versions(project: Project, first: str, second: str = PRESENT) -> VersionComparison:
    """Compare two versions of a locked project, and write a sheet and JSON into it. PRESENT names its present state.

    Raises ProjectError for a version that does not exist or is damaged, OutputError if a file of another origin is in
    the place of a result.
    """
    sheet, data = (project.root / name for name in COMPARISON_FILES)
    for path in (sheet, data):
        if project.is_changed(path) or path.is_symlink():
            raise OutputError(f"{path} was changed by hand, or is not a comparison; move it away and compare again")
    sides = tuple(_side(project, name) for name in (first, second))
    keys = tuple(side.keys() for side in sides)
    parts = list(dict.fromkeys([*keys[0], *keys[1]]))
    pairs = {part: _pairs(keys[0].get(part, {}), keys[1].get(part, {})) for part in parts}
    shot, note = _open_shot(project)
    found = VersionComparison(
        (sides[0].name, sides[1].name),
        dict(_figures(sides[0].reports, sides[1].reports)),
        dict(_settings(sides[0].settings, sides[1].settings)),
        {part: tuple(frame for frame, pair in some.items() if not _same(pair)) for part, some in pairs.items()},
        {part: tuple(frame for frame, pair in some.items() if _same(pair)) for part, some in pairs.items()},
        dict(_choices(sides[0].choices(), sides[1].choices())),
        tuple(side.name for side in sides if not side.reports),
        note,
        data,
        sheet if parts else None,
    )
    _write_data(project, found)
    if parts:
        write_sheet(_sheet(project, shot, found, sides, pairs), sheet, project.seal(""))
    return found


def _open_shot(project: Project) -> tuple[Shot | None, str]:
    """Return the shot of a project, and a note if it cannot be opened."""
    try:
        path, settings = trusted_settings(project.root, {}, project.message)
        footage, own = open_ebsynth_folder(path, settings)
        return open_footage(footage, own, frames=settings.frames, rate=settings.rate), ""
    except StylizeError as error:
        return None, f"the shot cannot be opened: {error}; the sheet shows square pixels and may lack plates"


_Pair = tuple[SavedFile | None, SavedFile | None]


def _side(project: Project, name: str) -> _Side:
    store = VersionStore(project.root)
    if name.casefold() == PRESENT:
        version, _ = present_state(project)
        paths = {file.name: project.root / file.name for file in version.all_files()}
    else:
        version = store.read(name)
        store.check(version)
        paths = {file.name: store.path(file) for file in version.all_files()}
    reports = {part: _read_report(paths[file.name]) for part, file in version.reports.items()}
    return _Side(version.name, version, paths, reports, _read_settings(paths.get(SETTINGS_FILE)))


def _read_report(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        _ = [shot["summary"].items() for shot in content["shots"]]
        return content
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ProjectError(
            f"{path} cannot be read as a report ({error}); remove the version, or report again"
        ) from None


def _read_settings(path: Path | None) -> dict[str, Any]:
    """Return the unchecked settings of a version, which are only displayed; empty if they cannot be read."""
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8")).get("settings", {}) if path else {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _figures(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, tuple[float | None, float | None]]]]:
    """Yield the measures of each shot of each part that at least one version has a report of."""
    for part in dict.fromkeys([*one, *other]):
        shots = [reports[part]["shots"] if part in reports else [] for reports in (one, other)]
        for number in range(max(map(len, shots))):
            both = [some[number]["summary"] if number < len(some) else {} for some in shots]
            names = dict.fromkeys([*both[0], *both[1]])
            label = f"{part}, shot {number + 1}" if part else f"shot {number + 1}"
            yield label, {name: (_number(both[0].get(name)), _number(both[1].get(name))) for name in names}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _settings(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield name, (one.get(name), other.get(name))


def _choices(
    one: Mapping[str, Mapping[int, KeyChoice]], other: Mapping[str, Mapping[int, KeyChoice]]
) -> Iterator[tuple[str, dict[int, tuple[str, str]]]]:
    """Yield the parts with choices that differ, and these in words, by frame."""
    for part in dict.fromkeys([*one, *other]):
        both = (one.get(part, {}), other.get(part, {}))
        frames = sorted({*both[0], *both[1]})
        words = {frame: tuple(_in_words(some.get(frame, NO_CHOICE)) for some in both) for frame in frames}
        different = {frame: (pair[0], pair[1]) for frame, pair in words.items() if pair[0] != pair[1]}
        if different:
            yield part, different


def _in_words(choice: KeyChoice) -> str:
    named = {"pick": choice.pick, "seed": choice.seed, "prompt": choice.prompt}
    words = [f"{name} {value}" for name, value in named.items() if value is not None]
    return ", ".join([*words, *(["locked"] if choice.lock else [])]) or "none"


def _pairs(one: Mapping[int, SavedFile], other: Mapping[int, SavedFile]) -> dict[int, _Pair]:
    return {frame: (one.get(frame), other.get(frame)) for frame in sorted({*one, *other})}


def _same(pair: _Pair) -> bool:
    return pair[0] is not None and pair[1] is not None and pair[0].digest == pair[1].digest


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in READ_SUFFIXES


def _write_data(project: Project, found: VersionComparison) -> None:
    content = {
        "version": JSON_VERSION,
        "versions": found.names,
        "compared": f"keys, settings, and the reports saved with each version; {NOT_COMPARED}",
        "without a report": found.without_report,
        "figures": found.figures,
        "settings": found.settings,
        "different keys": found.different,
        "equal keys": found.equal,
        "choices": found.choices,
    }
    with atomic_write(found.data, PROJECT_OPTION, seal=project.seal("")) as partial:
        partial.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")


def _sheet(
    project: Project,
    shot: Shot | None,
    found: VersionComparison,
    sides: Sequence[_Side],
    pairs: Mapping[str, Mapping[int, _Pair]],
) -> Sheet:
    """Return the sheet: a column for each frame, and for each part its plates and the keys of both versions."""
    frames = _chosen(found)
    rows = list(_rows(_plates(project, shot), found, sides, pairs, frames))
    different = sum(map(len, found.different.values()))
    equal = sum(map(len, found.equal.values()))
    hidden = len({frame for some in pairs.values() for frame in some}) - len(frames)
    more = f"; {hidden} more frames have keys" if hidden else ""
    return Sheet(
        f"{project.root.stem}: {found.names[0]} and {found.names[1]}",
        rows,
        f"Keys of two versions; {NOT_COMPARED}{more}",
        (
            Fact(found.names[0], sides[0].version.look),
            Fact(found.names[1], sides[1].version.look),
            Fact("keys", f"{different} differ, {equal} are the same"),
        ),
        columns=[Column(f"frame {frame}") for frame in frames],
        pixel_aspect=shot.pixel_aspect if shot else Fraction(1),
    )


def _chosen(found: VersionComparison) -> list[int]:
    """Return the frames for the sheet: up to MAX_FRAMES, those with different keys first; ascending."""
    different = sorted({frame for some in found.different.values() for frame in some})
    equal = sorted({frame for some in found.equal.values() for frame in some} - {*different})
    return sorted([*_spread(different, MAX_FRAMES), *_spread(equal, max(0, MAX_FRAMES - len(different)))])


def _spread(frames: Sequence[int], limit: int) -> list[int]:
    if len(frames) <= limit:
        return list(frames)
    return [frames[round(step * (len(frames) - 1) / max(1, limit - 1))] for step in range(limit)]


def _rows(
    plates: Mapping[int, Path], found: VersionComparison, sides: Sequence[_Side],
    pairs: Mapping[str, Mapping[int, _Pair]], frames: Sequence[int],
) -> Iterator[Row]:  # fmt: skip
    if any(frame in plates for frame in frames):
        yield Row([Cell(plates.get(frame)) for frame in frames], "plates")
    for part, some in pairs.items():
        for place, side in enumerate(sides):
            cells = []
            for frame in frames:
                file = some.get(frame, (None, None))[place]
                caption = "no key" if file is None else "rendered" if file.keys else "painted"
                same = ", the same" if place == 1 and frame in found.equal[part] else ""
                cells.append(Cell(None if file is None else side.paths[file.name], f"{caption}{same}"))
            yield Row(cells, side.name, part)


def _plates(project: Project, shot: Shot | None) -> dict[int, Path]:
    """Return the plates that exist as pictures, by frame: those of a sequence in place, or those in the project."""
    if shot is not None and shot.in_place:
        return dict(zip(shot.frames, shot.files, strict=True))
    files = [path for path in project.folder("video").glob("*.png") if path.is_file()]
    return {frame: path for path in files if (frame := frame_number(path)) is not None}

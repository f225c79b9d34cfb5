"""What goes with the result: timelines, scripts for After Effects and Nuke, and what every look has of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize.context.context import Work
from stylize.delivery.deliver import encoding_of
from stylize.errors import SettingsError
from stylize.interchange.depth import check_depth
from stylize.interchange.ebsynth import ebsynth_files, write_ebsynth
from stylize.interchange.foreground import files_of_target, foreground_target, write_foreground
from stylize.interchange.foreground_layers import Front
from stylize.interchange.layout import Places, places_of
from stylize.interchange.linked_media import CODEC, NAME_MOVIES, linked_files, write_linked
from stylize.interchange.matte_sequence import write_mattes
from stylize.interchange.passes import files_of, patterns_of, write_passes
from stylize.interchange.text_exports import SCRIPTS, is_text, texts_of
from stylize.interchange.timelines import TIMELINES
from stylize.interchange.timelines.timeline import check_cut
from stylize.media.codecs import CODECS
from stylize.media.overwrite_guard import refuse_foreign
from stylize.media.safe_write import atomic_write
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.planning.picking import ShotPlan
from stylize.project import Project
from stylize.project.protect import refuse_inputs
from stylize.settings import Settings, looks_of
from stylize.settings.input_files import inputs_of


@dataclass(frozen=True)
class Painted:
    """A look, a layer or the whole, and the shots with its keyframes."""

    work: Work
    shots: Sequence[ShotPlan]


def check_handoff(settings: Settings, shot: Shot, target: Target, project: Project) -> None:
    """Says before any work is done what could not be handed over. Raises SettingsError or OutputError."""
    timed = [kind for kind in settings.export if is_text(kind)]
    if timed:
        check_cut(shot, settings.fps, settings.handles)
    elif settings.handles:
        raise SettingsError("--handles is for timelines and scripts; give --export otio, or leave it out")
    check_depth(settings, shot, project)
    cut_out = sorted({"matte", "foreground"} & set(settings.export))
    if cut_out and not _matted(settings):
        raise SettingsError(f"--export {cut_out[0]} needs a matte; give one with --matte PATH, or leave it out")
    if settings.export:
        # Any frame may turn out to be a key.
        files = _planned_files(settings, shot, target, shot.frames)
        refuse_inputs(files, inputs_of(settings), shot, project)
        if target.pattern is None and target.path.resolve() in files:
            raise SettingsError(f"-o {target.path} is a file that --export writes; choose another name")
    if not settings.overwrite:
        refuse_foreign(_planned_files(settings, shot, target), project.may_replace)


def _planned_files(settings: Settings, shot: Shot, target: Target, keys: Sequence[int] = ()) -> list[Path]:
    """All files that a run with these settings may write."""
    places, looks = places_of(shot, target), looks_of(settings)
    files = _whole_files(settings, places, shot, target)
    for look in looks:
        matted = look.settings.matte is not None
        files += _look_files(settings, places.of(look.name), shot, target, keys, matted)
    return files


def handoff_notes(settings: Settings, shot: Shot, target: Target) -> tuple[str, ...]:
    """What was written beside what was asked for, and why."""
    files = linked_files(settings, shot, target, places_of(shot, target).folder)
    named = " and ".join(kind for kind in settings.export if kind in NAME_MOVIES)
    return tuple(
        f"{named} name movies only, and the {kind} is pictures: {path.name} ({CODECS[CODEC].label}) stands for it"
        for kind, path in files.items()
    )


def hand_over(whole: Painted, looks: Sequence[Painted], target: Target) -> tuple[Path, ...]:
    """Writes what `--export` asks for; returns what was written: files, and folders of sequences.

    looks: all that was painted, from the lowest layer; without layers the whole alone.
    """
    work = whole.work
    wanted, places = work.settings.export, places_of(work.shot, target)
    if not wanted:
        return ()
    files = _whole_files(work.settings, places, work.shot, target)
    for one in looks:
        keys = sorted(set(one.work.keys.files()) & set(work.shot.frames))
        files += _look_files(
            work.settings, places.of(one.work.name), work.shot, target, keys, one.work.mattes is not None
        )
    files = list(dict.fromkeys(files))
    refuse_inputs(files, inputs_of(work.settings), work.shot, work.project)
    if not work.settings.overwrite:
        refuse_foreign(files, work.project.may_replace)
    work.project.claim(files)
    written: dict[Path, None] = {}
    matte = None
    if _writes_matte(work.settings):
        matte = write_mattes(work, places.matte)
        written[matte.folder] = None
    folders, marked = _hand_over_looks(work, looks, places, target)
    written |= dict.fromkeys(folders)
    marked |= set(files_of([places.matte], work.shot.frames))
    movies = linked_files(work.settings, work.shot, target, places.folder)
    pictures = {"plate": work.plates.paths, "result": {n: work.file("out", n) for n in work.shot.frames}}
    for kind, path in movies.items():
        write_linked(work.shot, pictures[kind], path, work.settings, work.project)
        written[path] = None
    marked |= set(movies.values())
    texts = texts_of(work, whole.shots, [one.work.name for one in looks], target, places, matte)
    for path, text in texts.items():
        _write_text(path, text)
    for path in files:
        if path not in marked:
            work.project.record(path, "")
    work.project.claim([])
    return (*written, *texts)


def _hand_over_looks(
    work: Work, looks: Sequence[Painted], places: Places, target: Target
) -> tuple[list[Path], set[Path]]:  # fmt: skip
    """What each look has of its own, and the foreground of all; returns folders and movies, and the files that are
    known by what they are made from."""
    written, marked = list[Path](), set[Path]()
    for index, one in enumerate(looks):
        above = [over.work for over in looks[index + 1 :]]
        folders, files = _hand_over_look(one, above, places.of(one.work.name), target)
        written += folders
        marked |= set(files)
    if _has_front_of_all(work.settings):
        folder, files = _hand_over_front(Front(work, [one.work for one in looks]), places, target)
        written.append(folder)
        marked |= set(files)
    return written, marked


def _hand_over_look(
    one: Painted, above: Sequence[Work], places: Places, target: Target
) -> tuple[list[Path], list[Path]]:  # fmt: skip
    """What is handed over of each look; returns folders and movies, and the files that are known by what they are made
    from. above: the layers that lie over it."""
    work, written, marked = one.work, list[Path](), list[Path]()
    wanted, frames = work.settings.export, work.shot.frames
    passes = patterns_of(work.settings, places.folder, places.name)
    if passes:
        write_passes(work, one.shots, passes)
        written.append(places.folder / f"{places.name}_passes")
        marked += files_of(passes.values(), frames)
    if "matte" in wanted:
        written.append(write_mattes(work, places.matte).folder)
        marked += files_of([places.matte], frames)
    if "foreground" in wanted:
        folder, files = _hand_over_front(Front(work, [work], above), places, target)
        written.append(folder)
        marked += files
    if "ebsynth" in wanted:
        written.append(write_ebsynth(work, one.shots, places))
    return written, marked


def _hand_over_front(front: Front, places: Places, target: Target) -> tuple[Path, list[Path]]:
    """The foreground of a layer, or of all; returns its folder or movie, and its files."""
    settings = front.work.settings
    destination = foreground_target(places, target, settings.codec)
    write_foreground(front, destination, encoding_of(settings))
    return destination.path, files_of_target(destination, front.work.shot.frames)


def _matted(settings: Settings) -> bool:
    """Whether a matte was given, to the shot or to a layer."""
    return any(look.settings.matte is not None for look in looks_of(settings))


def _writes_matte(settings: Settings) -> bool:
    """Whether there is a matte of the whole. One that turned out to be white throughout is written too: who reads the
    folder waits for it, and one of an earlier run must not stay there."""
    return _matted(settings) and bool(set(settings.export) & {*SCRIPTS, "matte"})


def _has_front_of_all(settings: Settings) -> bool:
    """Whether there is a foreground beside those of the looks."""
    return bool(settings.layers) and "foreground" in settings.export


def _whole_files(settings: Settings, places: Places, shot: Shot, target: Target) -> list[Path]:
    """The files that there is one of whatever is painted."""
    wanted = settings.export
    files = [places.file(suffix) for kind in wanted if kind in TIMELINES for suffix in TIMELINES[kind]]
    files += linked_files(settings, shot, target, places.folder).values()
    files += [places.file(".jsx")] if "aftereffects" in wanted else []
    files += [places.file(".nk")] if "nuke" in wanted else []
    if _has_front_of_all(settings):
        files += files_of_target(foreground_target(places, target, settings.codec), shot.frames)
    return files + (files_of([places.matte], shot.frames) if _writes_matte(settings) else [])


def _look_files(
    settings: Settings, places: Places, shot: Shot, target: Target, keys: Sequence[int], matted: bool
) -> list[Path]:
    """The files of each look. keys: numbers of those that EbSynth gets. matted: it has a matte."""
    wanted, files = settings.export, list[Path]()
    patterns = list(patterns_of(settings, places.folder, places.name).values())
    patterns += [places.matte] if "matte" in wanted else []
    if "foreground" in wanted:
        files += files_of_target(foreground_target(places, target, settings.codec), shot.frames)
    files += ebsynth_files(places, shot, keys, matted) if "ebsynth" in wanted else []
    return files + files_of(patterns, shot.frames)


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")

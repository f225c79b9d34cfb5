"""What goes with the result: timelines, scripts for After Effects and Nuke, and what every look has of its own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stylize.context.context import Work
from stylize.errors import SettingsError
from stylize.interchange.aftereffects import jsx_of
from stylize.interchange.cut import check_cut, make_cut
from stylize.interchange.depth import check_depth
from stylize.interchange.foreground import files_of_target, foreground_target
from stylize.interchange.foreground_layers import Front
from stylize.interchange.layout import Places, places_of
from stylize.interchange.linked_media import CODEC, NAME_MOVIES, linked, linked_files, write_linked
from stylize.interchange.look_handoff import (
    Painted,
    fronts_of,
    hand_over_front,
    hand_over_look,
    look_files,
    look_passes,
)
from stylize.interchange.matte_sequence import write_mattes
from stylize.interchange.nuke import nk_of
from stylize.interchange.passes import files_of
from stylize.interchange.timelines import TIMELINES
from stylize.media.codecs import CODECS, codec_of
from stylize.media.images import image_facts
from stylize.media.overwrite_guard import refuse_foreign
from stylize.media.safe_write import placed
from stylize.media.sequences import Pattern, pattern_of
from stylize.media.shot import Shot
from stylize.media.spaces import REC709
from stylize.media.targets import Target
from stylize.project import Project
from stylize.project.protect import refuse_inputs
from stylize.settings import Settings, looks_of
from stylize.settings.input_files import inputs_of

_STRAIGHT = (".png", ".tif", ".tiff")
_WITH_MATTE = ("aftereffects", "nuke")


def check_handoff(settings: Settings, shot: Shot, target: Target, project: Project) -> None:
    """Says before any work is done what could not be handed over. Raises SettingsError or OutputError."""
    timed = [kind for kind in settings.export if kind in TIMELINES or kind in _WITH_MATTE]
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
        files += look_files(settings, places.of(look.name), shot, target, keys, matted)
    return files


def told_of(settings: Settings, shot: Shot, target: Target) -> tuple[str, ...]:
    """What was written beside what was asked for, and why."""
    files = linked_files(settings, shot, target, places_of(shot, target).folder)
    named = " and ".join(kind for kind in settings.export if kind in NAME_MOVIES)
    return tuple(
        f"{named} name movies only, and the {kind} is pictures: {path.name} ({CODECS[CODEC].said}) stands for it"
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
        files += look_files(
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
    texts = _texts(whole, [one.work.name for one in looks], target, places, matte)
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
    for place, one in enumerate(looks):
        above = [over.work for over in looks[place + 1 :]]
        folders, told = hand_over_look(one, above, places.of(one.work.name), target)
        written += folders
        marked |= set(told)
    if _has_front_of_all(work.settings):
        folder, told = hand_over_front(Front(work, [one.work for one in looks]), places, target)
        written.append(folder)
        marked |= set(told)
    return written, marked


def _matted(settings: Settings) -> bool:
    """Whether a matte was given, to the shot or to a layer."""
    return any(look.settings.matte is not None for look in looks_of(settings))


def _writes_matte(settings: Settings) -> bool:
    """Whether there is a matte of the whole. One that turned out to be white throughout is written too: who reads the
    folder waits for it, and one of an earlier run must not stay there."""
    return _matted(settings) and bool(set(settings.export) & {*_WITH_MATTE, "matte"})


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


# Timelines and scripts


def _texts(
    whole: Painted, layers: Sequence[str], target: Target, places: Places, matte: Pattern | None
) -> dict[Path, str]:
    work = whole.work
    wanted, settings = work.settings.export, work.settings
    if not any(kind in TIMELINES or kind in _WITH_MATTE for kind in wanted):
        return {}
    shown = [(plan.frames, plan.keys) for plan in whole.shots]
    cut = make_cut(
        work.shot, target, shown, alpha=_alpha(work, target), fps=settings.fps, handles=settings.handles, matte=matte,
        plates=pattern_of(work.plates.paths[work.shot.frames[0]].resolve()),
    )  # fmt: skip
    movies = linked(cut, linked_files(settings, work.shot, target, places.folder), work.shot)
    texts = {
        places.file(end): make(movies if kind in NAME_MOVIES else cut)
        for kind in wanted
        for end, make in TIMELINES.get(kind, {}).items()
    }
    cut = replace(cut, fronts=fronts_of(cut, settings, places, layers, target))
    if "aftereffects" in wanted:
        texts[places.file(".jsx")] = jsx_of(cut, places.folder)
    if "nuke" in wanted:
        passes = [one for layer in layers for one in look_passes(cut, settings, places.of(layer), layer)]
        space, plate_space = settings.working_space or REC709, image_facts(work.plates.paths[work.shot.frames[0]]).space
        texts[places.file(".nk")] = nk_of(
            cut, passes, colour=work.shot.colour, space=space, plate_space=plate_space
        )  # fmt: skip
    return texts


def _alpha(work: Work, target: Target) -> str | None:
    """How what was delivered keeps the shot's alpha."""
    if not work.shot.alpha:
        return None
    if target.pattern is None:
        return "straight" if codec_of(target.path.suffix, work.settings.codec).clear else None
    suffix = target.pattern.path(0).suffix.lower()
    return "premultiplied" if suffix == ".exr" else "straight" if suffix in _STRAIGHT else None


def _write_text(path: Path, text: str) -> None:
    with placed(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")

"""What goes with the result: timelines, scripts for After Effects and Nuke, an EbSynth folder, passes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stylize.errors import SettingsError
from stylize.export import Form, Target
from stylize.export.aftereffects import jsx_of
from stylize.export.codecs import CODECS, codec_of
from stylize.export.cut import Cut, Media, check_cut, make_cut
from stylize.export.delivery import form_of
from stylize.export.depth import check_depth
from stylize.export.ebsynth import check_keys, digits_of, ebs_of, synths
from stylize.export.foreground import alpha_of, foreground_pattern, write_foreground
from stylize.export.linked import CODEC, NAME_MOVIES, linked, linked_files, write_linked
from stylize.export.nuke import nk_of
from stylize.export.pass_files import files_of, patterns_of, write_passes
from stylize.export.placing import make_folder, placed, refuse_foreign
from stylize.export.sequence import stamps_of, write_sequence
from stylize.export.timelines import TIMELINES
from stylize.footage.images import quantise, write_image
from stylize.footage.sequences import Pattern, pattern_of
from stylize.footage.shot import Shot
from stylize.inputs import inputs_of, refuse_inputs
from stylize.opening import Work
from stylize.planning.picking import ShotPlan
from stylize.project import Project, fingerprint
from stylize.settings import Settings, looks_of

_STRAIGHT = (".png", ".tif", ".tiff")
_WITH_MATTE = ("aftereffects", "nuke")
# Raise it whenever the same matte is written otherwise.
MATTES = 1


@dataclass(frozen=True)
class Places:
    """Where everything goes: beside a movie, or into the folder of the frames."""

    folder: Path
    name: str

    def file(self, suffix: str) -> Path:
        """A file named after the shot."""
        return self.folder / f"{self.name}{suffix}"

    def pattern(self, kind: str, suffix: str, padding: int) -> Pattern:
        """A sequence in a folder of its own."""
        return Pattern(self.folder / f"{self.name}_{kind}", f"{self.name}_{kind}.", padding, suffix)

    @property
    def matte(self) -> Pattern:
        """Mattes, as data."""
        return self.pattern("matte", ".png", 4)

    def of(self, layer: str) -> "Places":
        """Those of a layer; without a name, of the whole."""
        return replace(self, name=f"{self.name}_layer_{layer}") if layer else self


@dataclass(frozen=True)
class Painted:
    """A look, a layer or the whole, and the shots with its keyframes."""

    work: Work
    shots: Sequence[ShotPlan]


def places_of(shot: Shot, target: Target) -> Places:
    """Beside the movie, or in the folder of the frames."""
    folder = target.path.parent if target.pattern is None else target.path
    return Places(folder.resolve(), shot.name)


def check_handoff(settings: Settings, shot: Shot, target: Target, project: Project) -> None:
    """Says before any work is done what could not be handed over. Raises SettingsError or OutputError."""
    timed = [kind for kind in settings.export if kind in TIMELINES or kind in _WITH_MATTE]
    if timed:
        check_cut(shot, settings.fps, settings.handles)
    elif settings.handles:
        raise SettingsError("--handles is for timelines and scripts; give --export otio, or leave it out")
    check_depth(settings, shot, project)
    bare = all(look.settings.matte is None for look in looks_of(settings))
    cut_out = sorted({"matte", "foreground"} & set(settings.export))
    if bare and cut_out:
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
    files = _whole_files(settings, places, shot, target, any(look.settings.matte is not None for look in looks))
    for look in looks:
        matted = look.settings.matte is not None
        files += _look_files(settings, places.of(look.name), shot, target, keys, matted)
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
    files = _whole_files(work.settings, places, work.shot, target, work.mattes is not None)
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
    if work.mattes is not None and set(wanted) & {*_WITH_MATTE, "matte"}:
        matte = _write_mattes(work, places.matte)
        written[matte.folder] = None
    marked: set[Path] = set()
    for one in looks:
        folders, told = _hand_over_look(one, places.of(one.work.name), target)
        written |= dict.fromkeys(folders)
        marked |= set(told)
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


def _hand_over_look(one: Painted, places: Places, target: Target) -> tuple[list[Path], list[Path]]:
    """What is handed over of each look; returns folders, and the files that are known by what they are made from."""
    work, written, told = one.work, list[Path](), list[Path]()
    wanted, frames = work.settings.export, work.shot.frames
    passes = patterns_of(work.settings, places.folder, places.name)
    if passes:
        write_passes(work, one.shots, passes)
        written.append(places.folder / f"{places.name}_passes")
        told += files_of(passes.values(), frames)
    if "matte" in wanted:
        written.append(_write_mattes(work, places.matte).folder)
        told += files_of([places.matte], frames)
    if "foreground" in wanted:
        pattern = foreground_pattern(places.folder, places.name, target)
        write_foreground(work, pattern, form_of(work.settings), stamps_of(work.shot, work.settings.fps))
        written.append(pattern.folder)
        told += files_of([pattern], frames)
    if "ebsynth" in wanted:
        written.append(_write_ebsynth(work, one.shots, places))
    return written, told


def _whole_files(settings: Settings, places: Places, shot: Shot, target: Target, matted: bool) -> list[Path]:
    """The files that there is one of whatever is painted. matted: there is a matte."""
    wanted = settings.export
    files = [places.file(suffix) for kind in wanted if kind in TIMELINES for suffix in TIMELINES[kind]]
    files += linked_files(settings, shot, target, places.folder).values()
    files += [places.file(".jsx")] if "aftereffects" in wanted else []
    files += [places.file(".nk")] if "nuke" in wanted else []
    return files + (files_of([places.matte], shot.frames) if matted and set(wanted) & {*_WITH_MATTE, "matte"} else [])


def _look_files(
    settings: Settings, places: Places, shot: Shot, target: Target, keys: Sequence[int], matted: bool
) -> list[Path]:
    """The files of each look. keys: numbers of those that EbSynth gets. matted: it has a matte."""
    wanted, files = settings.export, list[Path]()
    patterns = list(patterns_of(settings, places.folder, places.name).values())
    patterns += [places.matte] if "matte" in wanted else []
    patterns += [foreground_pattern(places.folder, places.name, target)] if "foreground" in wanted else []
    if "ebsynth" in wanted:
        folder = places.folder / f"{places.name}_ebsynth"
        files.append(folder / f"{places.name}.ebs")
        inner = {name: Pattern(folder / name, "", digits_of(shot.frames), ".png") for name in ("video", "mask", "keys")}
        patterns += [inner["video"], *([inner["mask"]] if matted else [])]
        files += [inner["keys"].path(key) for key in keys]
    return files + files_of(patterns, shot.frames)


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
    if "aftereffects" in wanted:
        texts[places.file(".jsx")] = jsx_of(cut, places.folder)
    if "nuke" in wanted:
        media = [one for layer in layers for one in _look_media(cut, settings, places.of(layer), layer, target)]
        texts[places.file(".nk")] = nk_of(cut, media)
    return texts


def _alpha(work: Work, target: Target) -> str | None:
    """How what was delivered keeps the shot's alpha."""
    if not work.shot.alpha:
        return None
    if target.pattern is None:
        return "straight" if codec_of(target.path.suffix, work.settings.codec).clear else None
    suffix = target.pattern.path(0).suffix.lower()
    return "premultiplied" if suffix == ".exr" else "straight" if suffix in _STRAIGHT else None


def _look_media(cut: Cut, settings: Settings, places: Places, layer: str, target: Target) -> Iterator[Media]:
    """The sequences of a look that a script reads, by names that tell its layer."""
    patterns = {
        name: (pattern, None) for name, pattern in patterns_of(settings, places.folder, places.name).items()
    }  # fmt: skip
    named: dict[str, tuple[Pattern, str | None]] = {**patterns}
    if "foreground" in settings.export:
        pattern = foreground_pattern(places.folder, places.name, target)
        named["foreground"] = pattern, alpha_of(pattern)
    for name, (pattern, alpha) in named.items():
        known = f"layer_{layer}_{name}" if layer else name
        yield replace(cut.result, name=known, path=pattern.folder, pattern=pattern, alpha=alpha, sound=False)


def _write_text(path: Path, text: str) -> None:
    with placed(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


# Pictures


def _write_mattes(work: Work, pattern: Pattern) -> Pattern:
    """16-bit grey, as data; white where there is no matte, as the look is seen everywhere."""
    make_folder(pattern.folder)
    mattes = work.mattes
    for frame in work.shot.frames:
        path = pattern.path(frame)
        facts = (
            [*mattes.shaping.facts(), mattes.by_alpha, work.project.digest(mattes.paths[frame])] if mattes else []
        )  # fmt: skip
        mark = fingerprint(MATTES, work.shot.size, facts)
        if not work.home.fresh(path, mark):
            matte = mattes.read(frame) if mattes else np.ones(work.shot.size[::-1], np.float32)
            write_image(path, quantise(matte, np.uint16))
            work.home.record(path, mark)
    return pattern


# EbSynth


def _write_ebsynth(work: Work, shots: Sequence[ShotPlan], places: Places) -> Path:
    folder = places.folder / f"{places.name}_ebsynth"
    frames, digits = work.shot.frames, digits_of(work.shot.frames)
    keys: Mapping[int, Path] = {frame: path for frame, path in work.keys.files().items() if frame in set(frames)}
    given = {"video": work.plates.paths, "keys": keys}
    for name, files in given.items():
        pattern = Pattern(folder / name, "", digits, ".png")
        chosen = [(frame, files[frame]) for frame in sorted(files) if frame in set(frames)]
        if chosen:
            write_sequence(chosen, pattern, form=Form(bits=8), overwrite=True)
        else:
            make_folder(pattern.folder)  # of keys, where the plate is the result
    if work.mattes is not None:
        make_folder(folder / "mask")
        for frame in frames:
            path = Pattern(folder / "mask", "", digits, ".png").path(frame)
            write_image(path, quantise(work.mattes.read(frame), np.uint8))
    made: list[tuple[int, int, int]] = []
    for plan in shots:
        if not plan.keys:
            continue  # the plate is the result: there is nothing to synthesise
        check_keys(plan.frames, keys)
        made += synths(plan.frames, [key for key in plan.keys if key in keys])
    with placed(folder / f"{places.name}.ebs") as partial:
        partial.write_bytes(ebs_of(frames, made, work.mattes is not None))
    return folder

"""What goes with the result: timelines, scripts for After Effects and Nuke, an EbSynth folder, passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stylize.errors import SettingsError
from stylize.export import Form, Target
from stylize.export.aftereffects import jsx_of
from stylize.export.codecs import CODECS, codec_of
from stylize.export.cut import Cut, Media, check_cut, make_cut
from stylize.export.depth import check_depth
from stylize.export.ebsynth import check_keys, digits_of, ebs_of, synths
from stylize.export.linked import CODEC, NAME_MOVIES, linked, linked_files, write_linked
from stylize.export.nuke import nk_of
from stylize.export.pass_files import files_of, patterns_of, write_passes
from stylize.export.placing import make_folder, placed, refuse_foreign
from stylize.export.sequence import write_sequence
from stylize.export.timelines import TIMELINES
from stylize.footage.images import quantise, write_image
from stylize.footage.sequences import Pattern, pattern_of
from stylize.footage.shot import Shot
from stylize.inputs import inputs_of, refuse_inputs
from stylize.opening import Work
from stylize.planning.picking import ShotPlan
from stylize.project import Project
from stylize.settings import Settings

_STRAIGHT = (".png", ".tif", ".tiff")
_WITH_MATTE = ("aftereffects", "nuke")


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
    places, matted = places_of(shot, target), settings.matte is not None
    check_depth(settings, shot, project)
    if settings.export:
        # Any frame may turn out to be a key.
        files = _files(settings, places, shot, target, shot.frames, matted)
        refuse_inputs(files, inputs_of(settings), shot, project)
        if target.pattern is None and target.path.resolve() in files:
            raise SettingsError(f"-o {target.path} is a file that --export writes; choose another name")
    if not settings.overwrite:
        refuse_foreign(_files(settings, places, shot, target, matted=matted), project.may_replace)


def told_of(settings: Settings, shot: Shot, target: Target) -> tuple[str, ...]:
    """What was written beside what was asked for, and why."""
    files = linked_files(settings, shot, target, places_of(shot, target).folder)
    named = " and ".join(kind for kind in settings.export if kind in NAME_MOVIES)
    return tuple(
        f"{named} name movies only, and the {kind} is pictures: {path.name} ({CODECS[CODEC].said}) stands for it"
        for kind, path in files.items()
    )


def hand_over(work: Work, shots: Sequence[ShotPlan], target: Target) -> tuple[Path, ...]:
    """Writes what `--export` asks for; returns what was written: files, and folders of sequences."""
    wanted, places = work.settings.export, places_of(work.shot, target)
    if not wanted:
        return ()
    keys = sorted(set(work.keys.files()) & set(work.shot.frames))
    files = _files(work.settings, places, work.shot, target, keys, work.mattes is not None)
    refuse_inputs(files, inputs_of(work.settings), work.shot, work.project)
    if not work.settings.overwrite:
        refuse_foreign(files, work.project.may_replace)
    work.project.claim(files)
    written: list[Path] = []
    matte = None
    if work.mattes is not None and set(wanted) & set(_WITH_MATTE):
        matte = _write_mattes(work, places.pattern("matte", ".png", 4))
        written.append(matte.folder)
    passes = patterns_of(work.settings, places.folder, places.name)
    if passes:
        write_passes(work, shots, passes)
        written.append(places.folder / f"{places.name}_passes")
    if "ebsynth" in wanted:
        written.append(_write_ebsynth(work, shots, places.folder / f"{places.name}_ebsynth"))
    movies = linked_files(work.settings, work.shot, target, places.folder)
    pictures = {"plate": work.plates.paths, "result": {n: work.file("out", n) for n in work.shot.frames}}
    for kind, path in movies.items():
        write_linked(work.shot, pictures[kind], path, work.settings, work.project)
        written.append(path)
    texts = _texts(work, shots, target, places, matte)
    for path, text in texts.items():
        _write_text(path, text)
    told = {*files_of(passes.values(), work.shot.frames), *movies.values()}
    for path in files:
        if path not in told:
            work.project.record(path, "")
    work.project.claim([])
    return (*written, *texts)


def _files(
    settings: Settings, places: Places, shot: Shot, target: Target, keys: Sequence[int] = (), matted: bool = True
) -> list[Path]:
    """All files that will be written. keys: numbers of those that EbSynth gets. matted: there is a matte."""
    wanted = settings.export
    files = [places.file(suffix) for kind in wanted if kind in TIMELINES for suffix in TIMELINES[kind]]
    files += linked_files(settings, shot, target, places.folder).values()
    files += [places.file(".jsx")] if "aftereffects" in wanted else []
    files += [places.file(".nk")] if "nuke" in wanted else []
    patterns = list(patterns_of(settings, places.folder, places.name).values())
    if matted and set(wanted) & set(_WITH_MATTE):
        patterns.append(places.pattern("matte", ".png", 4))
    if "ebsynth" in wanted:
        folder = places.folder / f"{places.name}_ebsynth"
        files.append(folder / f"{places.name}.ebs")
        inner = {name: Pattern(folder / name, "", digits_of(shot.frames), ".png") for name in ("video", "mask", "keys")}
        patterns += [inner["video"], *([inner["mask"]] if matted else [])]
        files += [inner["keys"].path(key) for key in keys]
    return files + files_of(patterns, shot.frames)


# Timelines and scripts


def _texts(
    work: Work, shots: Sequence[ShotPlan], target: Target, places: Places, matte: Pattern | None
) -> dict[Path, str]:
    wanted, settings = work.settings.export, work.settings
    if not any(kind in TIMELINES or kind in _WITH_MATTE for kind in wanted):
        return {}
    shown = [(plan.frames, plan.keys) for plan in shots]
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
        texts[places.file(".nk")] = nk_of(cut, _pass_media(cut, patterns_of(settings, places.folder, places.name)))
    return texts


def _alpha(work: Work, target: Target) -> str | None:
    """How what was delivered keeps the shot's alpha."""
    if not work.shot.alpha:
        return None
    if target.pattern is None:
        return "straight" if codec_of(target.path.suffix, work.settings.codec).clear else None
    suffix = target.pattern.path(0).suffix.lower()
    return "premultiplied" if suffix == ".exr" else "straight" if suffix in _STRAIGHT else None


def _pass_media(cut: Cut, patterns: Mapping[str, Pattern]) -> tuple[Media, ...]:
    return tuple(
        replace(cut.result, name=name, path=pattern.folder, pattern=pattern, alpha=None, sound=False)
        for name, pattern in patterns.items()
    )


def _write_text(path: Path, text: str) -> None:
    with placed(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


# Pictures


def _write_mattes(work: Work, pattern: Pattern) -> Pattern:
    assert work.mattes is not None
    make_folder(pattern.folder)
    for frame in work.shot.frames:
        write_image(pattern.path(frame), quantise(work.mattes.read(frame), np.uint16))
    return pattern


# EbSynth


def _write_ebsynth(work: Work, shots: Sequence[ShotPlan], folder: Path) -> Path:
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
    with placed(folder / f"{work.shot.name}.ebs") as partial:
        partial.write_bytes(ebs_of(frames, made, work.mattes is not None))
    return folder

"""What goes with the result: timelines, scripts for After Effects and Nuke, an EbSynth folder, passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.errors import OutputError, SettingsError
from stylize.export import Form, Target
from stylize.export.aftereffects import jsx_of
from stylize.export.codecs import codec_of
from stylize.export.cut import Cut, Media, check_cut, is_conformed, make_cut
from stylize.export.ebsynth import check_keys, digits_of, ebs_of, synths
from stylize.export.nuke import nk_of
from stylize.export.passes import NO_KEY, Told, write_passes
from stylize.export.placing import make_folder, placed, refuse_foreign
from stylize.export.sequence import write_sequence
from stylize.export.timelines import TIMELINES
from stylize.footage.images import quantise, read_values, write_image
from stylize.footage.sequences import Pattern, pattern_of
from stylize.footage.shot import Shot
from stylize.inputs import inputs_of, refuse_inputs
from stylize.opening import Work
from stylize.planning.picking import ShotPlan
from stylize.project import Project, fingerprint
from stylize.propagation.carrying import ERROR, MIX_SHARE, pass_file
from stylize.settings import Settings

_STRAIGHT = (".png", ".tif", ".tiff")
# Raise it whenever the same frame gets other passes.
PASSES = 1
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
    for kind in set(timed) & set(TIMELINES):
        # Only the kind of file counts here, not where it lies.
        plates = Pattern(target.path, "", 4, ".png")
        shots = [(shot.frames, ())]
        cut = make_cut(
            shot, target, shots, alpha=None, fps=settings.fps, handles=settings.handles, plates=plates
        )  # fmt: skip
        for text in TIMELINES[kind].values():
            text(cut)
    places, matted = places_of(shot, target), settings.matte is not None
    if settings.export:
        # Any frame may turn out to be a key.
        refuse_inputs(_files(settings.export, places, shot, shot.frames, matted), inputs_of(settings), shot, project)
    if not settings.overwrite:
        refuse_foreign(_files(settings.export, places, shot, matted=matted), project.may_replace)


def left_out(settings: Settings, shot: Shot) -> tuple[str, ...]:
    """What is not in the files that are handed over, though one might look for it there."""
    pictures = shot.kind == "sequence" or is_conformed(shot, settings.fps)
    if "xml" not in settings.export or not pictures:
        return ()
    return (f"{shot.name}.xml names movies only, and the plate is pictures: it is left out; --export otio has it",)


def hand_over(work: Work, shots: Sequence[ShotPlan], target: Target) -> tuple[Path, ...]:
    """Writes what `--export` asks for; returns what was written: files, and folders of sequences."""
    wanted, places = work.settings.export, places_of(work.shot, target)
    if not wanted:
        return ()
    keys = sorted(set(work.keys.files()) & set(work.shot.frames))
    files = _files(wanted, places, work.shot, keys, work.mattes is not None)
    refuse_inputs(files, inputs_of(work.settings), work.shot, work.project)
    if not work.settings.overwrite:
        refuse_foreign(files, work.project.may_replace)
    work.project.claim(files)
    written: list[Path] = []
    matte = None
    if work.mattes is not None and set(wanted) & set(_WITH_MATTE):
        matte = _write_mattes(work, places.pattern("matte", ".png", 4))
        written.append(matte.folder)
    if "passes" in wanted:
        written.append(_write_passes(work, shots, places.pattern("passes", ".exr", 4)))
    if "ebsynth" in wanted:
        written.append(_write_ebsynth(work, shots, places.folder / f"{places.name}_ebsynth"))
    texts = _texts(work, shots, target, places, matte)
    for path, text in texts.items():
        _write_text(path, text)
    for path in files:
        if not _is_pass(path, places):
            work.project.record(path, "")
    work.project.claim([])
    return (*written, *texts)


def _files(
    wanted: Sequence[str], places: Places, shot: Shot, keys: Sequence[int] = (), matted: bool = True
) -> list[Path]:
    """All files that will be written. keys: numbers of those that EbSynth gets. matted: there is a matte."""
    files = [places.file(suffix) for kind in wanted if kind in TIMELINES for suffix in TIMELINES[kind]]
    files += [places.file(".jsx")] if "aftereffects" in wanted else []
    files += [places.file(".nk")] if "nuke" in wanted else []
    patterns = [places.pattern("passes", ".exr", 4)] if "passes" in wanted else []
    if matted and set(wanted) & set(_WITH_MATTE):
        patterns.append(places.pattern("matte", ".png", 4))
    if "ebsynth" in wanted:
        folder = places.folder / f"{places.name}_ebsynth"
        files.append(folder / f"{places.name}.ebs")
        inner = {name: Pattern(folder / name, "", digits_of(shot.frames), ".png") for name in ("video", "mask", "keys")}
        patterns += [inner["video"], *([inner["mask"]] if matted else [])]
        files += [inner["keys"].path(key) for key in keys]
    return files + [pattern.path(frame) for pattern in patterns for frame in shot.frames]


def _is_pass(path: Path, places: Places) -> bool:
    return path.parent == places.pattern("passes", ".exr", 4).folder


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
    texts = {places.file(end): make(cut) for kind in wanted for end, make in TIMELINES.get(kind, {}).items()}
    if "aftereffects" in wanted:
        texts[places.file(".jsx")] = jsx_of(cut, places.folder)
    if "nuke" in wanted:
        texts[places.file(".nk")] = nk_of(cut, _pass_media(cut, places) if "passes" in wanted else ())
    return texts


def _alpha(work: Work, target: Target) -> str | None:
    """How what was delivered keeps the shot's alpha."""
    if not work.shot.alpha:
        return None
    if target.pattern is None:
        return "straight" if codec_of(target.path.suffix, work.settings.codec).clear else None
    suffix = target.pattern.path(0).suffix.lower()
    return "premultiplied" if suffix == ".exr" else "straight" if suffix in _STRAIGHT else None


def _pass_media(cut: Cut, places: Places) -> tuple[Media, ...]:
    pattern = places.pattern("passes", ".exr", 4)
    return (replace(cut.result, name="passes", path=pattern.folder, pattern=pattern, alpha=None, sound=False),)


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


def _write_passes(work: Work, shots: Sequence[ShotPlan], pattern: Pattern) -> Path:
    make_folder(pattern.folder)
    for plan in shots:
        beside = {frame: (span.left, span.right) for span in plan.spans() for frame in span.frames}
        for place, frame in enumerate(plan.frames):
            # Not beside a key: a key itself, or a plate that is given back, of a shot without keys.
            itself = (frame, frame) if plan.keys else (None, None)
            keys, path = beside.get(frame, itself), pattern.path(frame)
            mark = _pass_mark(work, plan, place, keys)
            if not work.project.fresh(path, mark):
                write_passes(path, _told(work, plan, place, keys))
                work.project.record(path, mark)
    return pattern.folder


def _pass_mark(work: Work, plan: ShotPlan, place: int, keys: tuple[int | None, int | None]) -> str:
    """All that the passes of a frame are made from."""
    near, frame = plan.frames[max(0, place - 1) : place + 2], plan.frames[place]
    kept = [pass_file(work.project.root, work.shot, name, frame) for name in (ERROR, MIX_SHARE)]
    digests = [work.project.digest(path) for path in kept if path.is_file()]
    matte = (
        [work.project.digest(work.mattes.paths[frame]), work.mattes.by_alpha, repr(work.mattes.shaping)]
        if work.mattes
        else []
    )
    return fingerprint(PASSES, near, keys, digests, work.marks(near), work.motion.fingerprint(near), matte)


def _told(work: Work, plan: ShotPlan, place: int, keys: tuple[int | None, int | None]) -> Told:
    frame = plan.frames[place]
    width, height = work.shot.size
    after = plan.frames[place + 1] if place + 1 < len(plan.frames) else None
    before = plan.frames[place - 1] if place else None
    # A step is on the grid of the frame it is asked for second, and leads to the first.
    onward = work.motion.step(after, frame) if after is not None else None
    back = work.motion.step(before, frame) if before is not None else None
    there = [key for key in keys if key is not None]
    whole = np.full((height, width), 1 if there and keys[0] is None else 0, np.float32)
    return Told(
        matte=work.mattes.read(frame) if work.mattes else np.ones((height, width), np.float32),
        error=_kept(work, ERROR, frame),
        mix=_kept(work, MIX_SHARE, frame) if len(set(there)) > 1 else whole,
        keys=(there[0], there[-1]) if there else (NO_KEY, NO_KEY),
        forward=None if onward is None else onward.flow,
        backward=None if back is None else back.flow,
        seen_next=None if onward is None else onward.consistent,
        seen_before=None if back is None else back.consistent,
    )


def _kept(work: Work, name: str, frame: int) -> Floats:
    path = pass_file(work.project.root, work.shot, name, frame)
    if not path.is_file():
        raise OutputError(f"{path} is missing, expected what the stage propagate leaves; run all stages")
    return np.ascontiguousarray(read_values(path)[..., 0])


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

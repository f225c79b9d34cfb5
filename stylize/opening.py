"""Opens shot and project for a run, says early what would go wrong later, and makes every frame a file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from masks.extent import Extent
from stylize.errors import SettingsError, StylizeError
from stylize.export import check_form, delivery, parse_target
from stylize.footage import unpacking
from stylize.footage.ebsynth_folder import unfolded
from stylize.footage.plates import Plates, conform, plate_pattern
from stylize.footage.sequences import frame_number, parse_pattern, spell_frames
from stylize.footage.shot import Shot, open_shot
from stylize.inputs import inputs_of
from stylize.keys import rendering
from stylize.keys.folder import Keys
from stylize.mattes.asked import asked_mattes, made_mattes, surveyed
from stylize.mattes.given import Mattes
from stylize.planning.keys_csv import read_keys
from stylize.project import SUFFIX, Project, fingerprint, is_project
from stylize.propagation.guides import Guide, open_guides
from stylize.propagation.motion import EstimatedMotion, Estimators, Motion, make_estimators
from stylize.propagation.vectors import GivenMotion, VectorFiles, look_through, open_vectors
from stylize.renderers import Fetching, make_renderer
from stylize.renderers.auto import settled
from stylize.settings import DEPTH_AUTO, MODEL_RENDERERS, Look, Settings, is_matte_word, looks_of

VERSION = "0.1.0"
# Raise it whenever the same movie gives other plates.
CONFORM = 2

Progress = Callable[[str, int, int], None]
Message = Callable[[str], None]


@dataclass(frozen=True)
class Work:
    """What every stage needs of a look: of the only one, or of a layer.

    name: of a layer, else empty. project: where its keys and frames are kept. home: where there is what the whole shot
    has once, plates, motion and what movies were unpacked into; of the only look the same. mattes: None if there are
    none, or if all of them are 1 everywhere. extents: of the mattes, frame by frame.
    """

    name: str
    shot: Shot
    settings: Settings
    project: Project
    home: Project
    plates: Plates
    keys: Keys
    motion: Motion
    mattes: Mattes | None
    extents: Mapping[int, Extent]
    guides: tuple[Guide, ...]
    progress: Progress
    message: Message

    @property
    def outside(self) -> bool:
        """Whether there is no pixel anywhere that the style goes to."""
        return self.mattes is not None and all(one.box is None for one in self.extents.values())

    def file(self, folder: str, frame: int) -> Path:
        """Where a frame lies in a folder of the project."""
        return self.project.folder(folder) / frame_name(self.shot, frame)

    def marks(self, frames: Iterable[int]) -> list[str]:
        """Digests of the plates of these frames."""
        return [self.project.digest(self.plates.paths[frame]) for frame in frames]


def frame_name(shot: Shot, frame: int) -> str:
    """File name of a frame in every folder of the project."""
    return f"{shot.name}.{frame:04d}.png"


def project_of(shot: Path, project: Path | None) -> Path:
    """The project folder of a shot: beside it unless another is asked for."""
    if project is not None:
        return project
    pattern = parse_pattern(shot)
    if pattern is not None:
        return pattern.folder / f"{pattern.prefix.rstrip('._- ') or pattern.folder.resolve().name}{SUFFIX}"
    path = shot.resolve()
    return path.with_name((path.name if path.is_dir() else path.stem) + SUFFIX)


@dataclass(frozen=True)
class Opened:
    """A shot that is open for a run.

    whole: the shot, and what is handed over. looks: all that is painted on it, from the lowest layer to the uppermost;
    without layers ``whole`` alone.
    """

    whole: Work
    looks: tuple[Work, ...]

    @property
    def layered(self) -> bool:
        """Whether there are layers."""
        return bool(self.whole.settings.layers)


@contextmanager
def opened(
    path: Path, settings: Settings, folder: Path | None, progress: Progress, message: Message
) -> Iterator[Opened]:
    """Opens shot and project, conforms the plates, and keeps other runs out until the end.

    Raises a StylizeError for what is wrong with the footage, the settings or what they name.
    """
    root, asked = project_of(path, folder), path
    if not settings.layers:
        settings = settled(settings, message)
    path, settings = unfolded(path, settings)
    looks = [_settled(look, message) for look in looks_of(settings)]
    shot = open_shot(
        path, frames=settings.frames, rate=settings.rate, start_number=settings.start_number, strict=settings.strict
    )
    for loss in shot.losses:
        message(f"warning: {loss}")
    _check_output(settings, shot, path)
    for look in looks:
        with told_of(look.name):
            _check_ahead(look.settings, shot, Fetching(_naming(look.name, message), progress))
    source = motion_source(settings, shot)
    project = Project(root)
    with project.locked():
        project.check_shot(path)
        begun = [_begun(look, shot, project) for look in looks]
        target = delivery.target_of(settings.output, shot, project)
        check_form(delivery.form_of(settings), target, shot.size, rated=bool(settings.export))
        if settings.runs("export"):
            delivery.check_place(target, shot, project, inputs_of(settings, asked))
        if settings.runs("export") and not settings.overwrite:
            delivery.check_free(target, shot, project)
        # A look at the cuts, or one more export, does not change what was asked for.
        if settings.runs("render") or not is_project(project.root):
            project.write_settings(path, settings, VERSION)
        # Before the keys are painted, which takes long: what does not fit is told now.
        if isinstance(source, VectorFiles):
            look_through(source, project, lambda done, total: progress("vectors", done, total))
        # Whether a stage runs that has to do with mattes and guides, or comes before: what does not fit is told early.
        inside = any(settings.runs(stage) for stage in ("pick", "render", "propagate"))
        mattes, guides = list[Mattes | None](), list[tuple[Guide, ...]]()
        for one in begun:
            with told_of(one.look.name):
                mattes.append(asked_mattes(shot, one.look.settings, project) if inside else None)
                guides.append(open_guides(one.look.settings.guide, shot, project) if inside else ())
        if settings.runs("render"):
            companions = _all_companions(look.settings for look in looks)
            unpacking.tidy(project, companions)
            _tell_repaired(unpacking.repaired(project, companions), message)
        for one in begun:
            with told_of(one.look.name):
                one.keys.take_in(message)
        plates = conformed(shot, project, progress)

        def digest(frame: int) -> str:
            return project.digest(plates.paths[frame])

        flow = project.folder("flow")
        motion = make_motion(source, shot, plates, digest, project.digest, flow, bool(settings.layers))
        whole = Work(
            "", shot, settings, project, project, plates, _keys(shot, settings, project), motion, None, {}, (),
            progress, message,
        )  # fmt: skip
        works = []
        for one, matte, guide in zip(begun, mattes, guides, strict=True):
            with told_of(one.look.name):
                works.append(_work(whole, one, matte, guide, inside))
        if settings.layers and not all(map(project.ours, whole.keys.files().values())):
            unused = whole.keys.named.folder
            message(f"{unused}: keys painted here are not used with layers; each has its own, in layers/NAME/keys")
        yield Opened(whole if settings.layers else works[0], tuple(works))


@contextmanager
def told_of(layer: str) -> Iterator[None]:
    """Lets what goes wrong with a layer begin with its name."""
    try:
        yield
    except StylizeError as error:
        if not layer:
            raise
        raise type(error)(f"layer {layer}: {error}") from error


@dataclass(frozen=True)
class _Begun:
    """A look whose folder is open."""

    look: Look
    project: Project
    keys: Keys


def _settled(look: Look, message: Message) -> Look:
    with told_of(look.name):
        return replace(look, settings=settled(look.settings, _naming(look.name, message)))


def _naming(layer: str, message: Message) -> Message:
    return (lambda text: message(f"layer {layer}: {text}")) if layer else message


def _begun(look: Look, shot: Shot, home: Project) -> _Begun:
    with told_of(look.name):
        project = home.layer(look.name) if look.name else home
        keys = _keys(shot, look.settings, project)
        _check_look(look.settings, keys)
        return _Begun(look, project, keys)


def _work(
    whole: Work, begun: _Begun, mattes: Mattes | None, guides: tuple[Guide, ...], inside: bool
) -> Work:  # fmt: skip
    """One look, with its mattes looked through. inside: whether anybody asks for them."""
    name, settings = begun.look.name, begun.look.settings

    def progress(stage: str, done: int, total: int) -> None:
        whole.progress(f"{stage} {name}" if name else stage, done, total)

    message = _naming(name, whole.message)
    extents: Mapping[int, Extent] = {}
    if inside:
        mattes = mattes or made_mattes(settings, whole.plates, whole.home, progress, shared=bool(name))
        mattes, extents = surveyed(mattes, begun.project, message)
    return replace(
        whole, name=name, settings=settings, project=begun.project, keys=begun.keys, mattes=mattes, extents=extents,
        guides=guides, progress=progress, message=message,
    )  # fmt: skip


def paints(settings: Settings) -> bool:
    """Whether there is something to paint keys after: a reference, or a model that needs none."""
    return settings.style is not None or settings.renderer in MODEL_RENDERERS


def motion_source(settings: Settings, shot: Shot) -> Estimators | VectorFiles:
    """Where motion comes from. Says before any work is done what is missing for it."""
    # What refining has found is known by the motion that it was found with.
    told = settings.runs("export") and "passes" in settings.export
    if not (settings.runs("render") or settings.runs("propagate") or settings.refine or told):
        return make_estimators(Settings())  # nothing will be asked of it
    back, forward = settings.vectors_back or settings.vectors, settings.vectors_forward or settings.vectors
    if back is not None and forward is not None:
        return open_vectors(back, forward, shot)
    return make_estimators(settings)


def make_motion(
    source: Estimators | VectorFiles, shot: Shot, plates: Plates, plate_digest: Callable[[int], str],
    digest: Callable[[Path], str], folder: Path, shared: bool,
) -> Motion:  # fmt: skip
    """The motion of a shot. plate_digest, digest: of a plate's and of a file's contents. folder: for estimated flow.
    shared: by several layers."""
    if isinstance(source, VectorFiles):
        return GivenMotion(source, digest)
    return EstimatedMotion(plates.colour, plate_digest, source, folder, shot.name, shared=shared)


def _check_output(settings: Settings, shot: Shot, path: Path) -> None:
    if settings.output is not None:
        target = parse_target(settings.output, shot.name)
        if target.path.resolve() == path.resolve():
            raise SettingsError(f"-o {settings.output} is the shot itself; choose another place for the result")


def _check_ahead(settings: Settings, shot: Shot, fetching: Fetching) -> None:
    """Says before any work is done what would go wrong later, and has models fetched that are missing."""
    if isinstance(settings.keyframes, Path):
        read_keys(settings.keyframes, shot.frames, part=settings.frames is not None)
    if settings.style is not None:
        rendering.check_reference(settings.style)
    if settings.runs("render"):
        make_renderer(settings.renderer, settings, fetching)


def _keys(shot: Shot, settings: Settings, project: Project) -> Keys:
    named = plate_pattern(shot, project.folder("keys"))
    return Keys(project, named, shot.frames, shot.size, settings.keys, settings.frames is not None)


def _check_look(settings: Settings, keys: Keys) -> None:
    """Raises SettingsError when frames are to be made and nothing says what they are to look like."""
    waits = settings.runs("render") and settings.renderer == "example" and not paints(settings)
    if waits and settings.keys is None and not keys.painted():
        raise SettingsError("what is it to look like? Give a reference with --style PICTURE, or --keys FOLDER")


def _companions(settings: Settings) -> dict[str, list[Path]]:
    """The files that come with the shot and may be movies, by the folder that they are unpacked into."""
    led = [one.path for one in settings.control if one.path is not None]
    matte = [] if settings.matte is None or is_matte_word(settings.matte) else [Path(settings.matte)]
    led += [Path(settings.depth)] if settings.depth not in (None, DEPTH_AUTO) else []
    return {"guides": [*(one.path for one in settings.guide), *led], "mask": matte}


def _all_companions(asked: Iterable[Settings]) -> dict[str, list[Path]]:
    """Of all looks together."""
    found: dict[str, list[Path]] = {}
    for settings in asked:
        for folder, files in _companions(settings).items():
            found.setdefault(folder, []).extend(files)
    return found


def _tell_repaired(files: Iterable[Path], message: Message) -> None:
    for folder, some in groupby(files, lambda file: file.parent):
        frames = spell_frames(number for file in some if (number := frame_number(file)) is not None)
        message(f"{frames} in {folder}: changed by hand, and used as they are; delete them to have them unpacked anew")


def conformed(shot: Shot, project: Project, progress: Progress) -> Plates:
    """Every frame as a file: a movie's are unpacked once, a sequence's are used where they lie."""
    total = len(shot.frames)
    if shot.kind == "sequence":
        return conform(shot, project.folder("video"), lambda frame: True, lambda frame: None)
    mark = fingerprint(CONFORM, project.digest(shot.path), shot.depth, shot.alpha, shot.size)
    made = 0
    # A number may name another frame of the file under another --start-number: its place is what counts.
    places = dict(zip(shot.frames, shot.positions, strict=True))

    def path(frame: int) -> Path:
        return project.folder("video") / frame_name(shot, frame)

    def done(frame: int) -> bool:
        return project.fresh(path(frame), fingerprint(mark, places[frame]))

    def on_frame(frame: int) -> None:
        nonlocal made
        made += 1
        project.record(path(frame), fingerprint(mark, places[frame]))
        progress("conform", made, total)

    plates = conform(shot, project.folder("video"), done, on_frame)
    progress("conform", total, total)
    return plates

"""Interface of renderers, which paint one keyframe at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, runtime_checkable

from propagate.arrays import Floats
from stylize.context.model_store import ModelStore
from stylize.settings import Settings

# Type of the options that a renderer declares.
Options = TypeVar("Options")


@dataclass(frozen=True)
class RenderRequest:
    """Keyframe to paint. Pictures are float32 (H, W, 3), RGB, display-encoded, in [0, 1].

    frame: its number. plate: the photographed frame. style: the reference picture, of any size, composited over white,
    or None. references: all reference pictures, each of its own size, (H, W, 3), or (H, W, 4) with straight alpha.
    warped: the shot's previous key, warped onto this frame by flow, or None for the first key. confidence: float32 (H,
    W) in [0, 1], high where ``warped`` shows the same content as the plate; None without it. seed: the same request and
    seed give the same picture. earlier: finished keys of the shot, not warped: the first and the previous one. matte:
    float32 (H, W) in [0, 1], 1 where the style is applied, or None for everywhere. controls: ready-made control
    pictures, keyed by the text of the option. shot: float32 (N, 3), colours that stand for the whole shot, if the
    colours of a key depend on more than its plate; else None. See ``stylize.keys.shot_colours``. scale: size of the
    plate over that of the shot, below 1 in a draft. Lengths in pixels, such as the size of brush marks, are those of
    the shot: a renderer scales them.
    """

    frame: int
    plate: Floats
    style: Floats | None
    warped: Floats | None
    confidence: Floats | None
    seed: int
    earlier: tuple[Floats, ...] = ()
    matte: Floats | None = None
    controls: Mapping[str, Floats] = field(default_factory=dict)
    shot: Floats | None = None
    scale: float = 1.0
    references: tuple[Floats, ...] = ()


@dataclass(frozen=True)
class RenderedKey:
    """Painted key. picture: float32 (H, W, 3) in [0, 1], of the plate's size. text: metadata for its file, by name.

    control_pictures: inputs of the ControlNets, float32 (H, W, 3) in [0, 1], by name. notes: lines to report.
    full_work: in a draft, the work of the key at the size of the shot over the work of this one; None if work is
    proportional to the number of pixels. loading: seconds of the rendering that were spent loading models; None if they
    are not measured. agreement: with the previous key, measured after the rendering; empty without one.
    """

    picture: Floats
    text: Mapping[str, str] = field(default_factory=dict)
    control_pictures: Mapping[str, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    full_work: float | None = None
    loading: float | None = None
    agreement: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DownloadPermission:
    """Permission to download. message: gets one line per repo. progress: gets stage, megabytes done and total."""

    message: Callable[[str], None]
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None


@dataclass(frozen=True)
class RendererSetup(Generic[Options]):
    """Setup that a renderer is opened with. settings: the look's. options: instance of the class that it registered.

    permission: permission to download missing models; without it nothing may be downloaded. models: models that the
    renderers of a run share.
    """

    settings: Settings
    options: Options
    permission: DownloadPermission | None = None
    models: ModelStore = field(default_factory=ModelStore)


class Renderer(Protocol):
    """Painter of keyframes.

    To add one, write a class with these methods, whose constructor takes a ``RendererSetup``, and register it: in
    ``stylize/extensions/built_in.py``, or in a separate distribution (docs/development/extensions.md). Then add it to
    the suite in ``tests/contracts/test_renderers.py``, which every renderer passes. A renderer checks in its
    constructor that nothing is missing, loads models only when it renders, and raises RendererError.
    """

    def render(self, request: RenderRequest, on_step: Callable[[int, int], None]) -> RenderedKey:
        """Return the painted key, of the plate's size; call ``on_step(done, total)`` to report progress."""
        ...

    def cache_key(self) -> str:
        """Return a text that changes with every parameter of the painting, but not with code versions."""
        ...


@runtime_checkable
class DescribesKeys(Protocol):
    """Optional methods of a renderer, which keep approved keys from being painted again.

    Without them, a change of ``cache_key`` repaints all keys.
    """

    def key_inputs(self, frame: int, *, follows: bool) -> Mapping[str, object]:
        """Return all settings and contents of models that the key of a frame is made of, by the name of the option.

        A schedule is resolved at the frame, and a file stands for its contents. The key is painted again if a value
        changes. Options that do not change a picture are left out, and so are device, precision and versions. follows:
        the key starts from an earlier one. Values are serialisable as JSON.
        """
        ...

    def environment(self) -> Mapping[str, str]:
        """Return what may change the last bits of a key but not its content, by name: the device and the precision.

        Keys are kept if it changes, and the difference is reported.
        """
        ...


def key_inputs(renderer: Renderer, frame: int, *, follows: bool) -> Mapping[str, object]:
    """Return what the key of a frame is made of; see ``DescribesKeys``. ``cache_key`` stands in if there are none."""
    if isinstance(renderer, DescribesKeys):
        return renderer.key_inputs(frame, follows=follows)
    return {"settings": renderer.cache_key()}


def environment(renderer: Renderer) -> Mapping[str, str]:
    """Return the environment of a renderer, which is empty without the methods of ``DescribesKeys``."""
    return renderer.environment() if isinstance(renderer, DescribesKeys) else {}

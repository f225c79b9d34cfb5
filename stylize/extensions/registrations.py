"""Registrations, which describe renderers, flow estimators, exporters and segmenters without importing them.

A registration is data in a lightweight module. ``load`` names the implementation, which is imported on first use.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from stylize.extensions.options import ExtensionOption, ExtensionOptions, NoOptions, declared_options

# Groups of entry points, one for each kind.
RENDERERS, FLOW, EXPORTERS, SEGMENTERS = GROUPS = (
    "stylize.renderers", "stylize.flow", "stylize.exporters", "stylize.segmenters",
)  # fmt: skip


@dataclass(frozen=True)
class Registration:
    """Fields that all kinds of registration share.

    name: value of the option that selects it, such as ``--renderer NAME``. description: one line for the help. load:
    ``package.module:Class``, called with the setup of its kind. options: frozen dataclass with its own options; see
    ``option``. reads: names of stylize options that it uses and that other implementations of its kind may not use.
    version: to be incremented if the same inputs give another result; part of cache keys, together with
    distribution_version. stage: built-in ones only; name in the table of stages, whose version replaces ``version``.
    distribution, distribution_version: set by discovery; empty for built-in ones.
    """

    name: str
    description: str
    load: str
    options: type[ExtensionOptions] = NoOptions
    reads: tuple[str, ...] = ()
    version: int = 1
    stage: str = ""
    distribution: str = ""
    distribution_version: str = ""

    group: ClassVar[str]
    # Name of the kind in messages, the option that selects an implementation, and the stage of extensions.
    noun: ClassVar[str]
    flag: ClassVar[str]
    foreign_stage: ClassVar[str]
    # Methods that an implementation must have.
    methods: ClassVar[tuple[str, ...]]

    @cached_property
    def declared(self) -> dict[str, ExtensionOption]:
        """Its own options, by name. Raises ValueError if their declaration is invalid."""
        return declared_options(self.options, self.name)

    @property
    def is_foreign(self) -> bool:
        """True if it comes from another distribution."""
        return bool(self.distribution)

    @property
    def cache_stage(self) -> str:
        """Name of the stage whose version its results depend on."""
        return self.stage or self.foreign_stage

    def __str__(self) -> str:
        origin = f" of {self.distribution} {self.distribution_version}" if self.is_foreign else ""
        return f"{self.flag} {self.name}{origin}"


@dataclass(frozen=True)
class RendererRegistration(Registration):
    """A renderer of keyframes; see ``stylize.renderers.Renderer`` for its interface.

    paints: it can render keys. needs_reference: it requires ``--style``; if "style" is in ``reads``, the reference is
    optional. takes_several_references: it reads ``references`` of its requests, so ``--style`` may be repeated.
    takes_matte: its requests include the matte. takes_controls: its requests include the pictures of
    ``--control``. needs_model: ``--model`` is required. retries: another seed may give a key that agrees better with
    its neighbour. sends_plates: it sends plates to the server at ``--url``. is_local: built-in ones only; it uses only
    the project and the reference picture, so an untrusted project may select it. check: ``module:function`` that raises
    SettingsError for settings that it does not support. resolved_by: ``module:function`` that returns the name of the
    renderer to use instead, its model, and the reason.
    """

    paints: bool = True
    needs_reference: bool = False
    takes_several_references: bool = False
    takes_matte: bool = False
    takes_controls: bool = False
    needs_model: bool = False
    retries: bool = False
    sends_plates: bool = False
    is_local: bool = False
    check: str = ""
    resolved_by: str = ""

    group = RENDERERS
    noun = "renderer"
    flag = "--renderer"
    foreign_stage = "renderer_extension"
    methods = ("render", "cache_key")

    @property
    def paints_without_style(self) -> bool:
        """True if it can render keys without a reference."""
        return self.paints and not self.needs_reference

    @property
    def takes_reference(self) -> bool:
        """True if ``--style`` affects its keys."""
        return self.needs_reference or "style" in self.reads


@dataclass(frozen=True)
class FlowRegistration(Registration):
    """An estimator of optical flow between frames; see ``propagate.flow.FlowEstimator`` for its interface."""

    group = FLOW
    noun = "flow estimator"
    flag = "--flow"
    foreign_stage = "flow_extension"
    methods = ("__call__", "cache_key")


@dataclass(frozen=True)
class ExporterRegistration(Registration):
    """An exporter of files that accompany a result; see ``stylize.interchange.exporter.Exporter`` for its interface.

    per_look: it writes files for each layer. whole: it writes files for the composite of all layers; a shot without
    layers is exported once. needs_matte: it requires a matte. reads_matte_sequence: its files link the mattes as
    pictures, which are then written too. is_timeline: it requires a shot that a timeline can represent. movies_only:
    its files link only movies, so pictures are also written as a movie. reads_motion: it uses the motion of the shot.
    """

    per_look: bool = False
    whole: bool = True
    needs_matte: bool = False
    reads_matte_sequence: bool = False
    is_timeline: bool = False
    movies_only: bool = False
    reads_motion: bool = False

    group = EXPORTERS
    noun = "exporter"
    flag = "--export"
    foreign_stage = ""
    methods = ("files", "write")


@dataclass(frozen=True)
class SegmenterRegistration(Registration):
    """A network that segments a subject; see ``masks.segment.Segmenter`` for its interface.

    prompted: it requires prompts (clicks and boxes); otherwise it finds the subject without prompts. needs_model:
    ``--matte-model`` is required; if "matte_model" is in ``reads``, the model is optional.
    """

    prompted: bool = False
    needs_model: bool = False

    group = SEGMENTERS
    noun = "segmenter"
    flag = "--segmenter"
    foreign_stage = "segmenter_extension"
    methods = ("__call__", "cache_key")


CLASSES: dict[str, type[Registration]] = {
    one.group: one for one in (RendererRegistration, FlowRegistration, ExporterRegistration, SegmenterRegistration)
}

"""Options of the shot and of the run, which have one value for all looks, each declared once."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from stylize.extensions.options import ExtensionOptions
from stylize.media.codecs import CODECS
from stylize.media.working_spaces import WORKING_SPACES
from stylize.settings import option_types as types
from stylize.settings.extension_options import EXTENSION_OPTIONS
from stylize.settings.option import (
    DIFFUSION,
    EXPORT,
    KEYFRAMES,
    LOOK,
    MAIN,
    MOTION,
    READING,
    RUN,
    Option,
    option_field,
    options_of,
)
from stylize.settings.reading_options import ReadingSettings

# Stages that paint keys: under a budget, picking paints one to measure its cost.
PAINTING = ("pick", "render")
# Stages that warp pictures by the motion of the shot.
_MOVING = ("render", "propagate", "export")


@dataclass(frozen=True)
class RunSettings(ReadingSettings):
    """Options of the whole shot: its input, its output, its motion, and the run."""

    output: str | None = option_field(
        types.TARGET,
        None,
        MAIN,
        "Folder, pattern (out/name.####.exr) or movie (.mp4, .mov, .mkv) to write.",
        stages=("export",),
        flags=("-o", "--output"),
        essential=True,
    )
    frames: str | None = option_field(
        types.RANGE,
        None,
        MAIN,
        "Part of the shot to process, such as 1001-1100, or 10-50x2 for every second frame.",
        stages=types.STAGES,
        essential=True,
    )
    split: bool = option_field(
        types.FLAG,
        True,
        KEYFRAMES,
        "Treat the footage as one shot, even if it has cuts.",
        stages=("split", "propagate"),
        flags=("--no-split",),
    )
    like: Path | None = option_field(
        types.PATH,
        None,
        DIFFUSION,
        "Reuse the settings of a key, its JSON file, or a picture from A1111; other options override them.",
        stages=PAINTING,
        stored=False,
    )
    preset: Path | None = option_field(
        types.PATH,
        None,
        LOOK,
        "Load a look from a file written by stylize preset save; other options override it.",
        stages=PAINTING,
        stored=False,
    )
    candidates: int | None = option_field(
        types.CANDIDATE_COUNT,
        None,
        KEYFRAMES,
        "Render each key with this many seeds, to choose from with stylize pick or in keys.csv.",
        stages=("render",),
        stored=False,
    )
    repaint: tuple[int, ...] = option_field(
        types.FRAMES,
        (),
        KEYFRAMES,
        "Keyframes to render again although nothing has changed, such as 12,40 or 1001-1100.",
        stages=("render",),
        stored=False,
    )
    keep_others: bool = option_field(
        types.FLAG,
        False,
        KEYFRAMES,
        "Keep keyframes that would be rendered again only because the key that they start from has changed.",
        stages=("render",),
        stored=False,
    )
    flow: str = option_field(
        types.FLOW_ESTIMATOR,
        "dis",
        MOTION,
        "Estimator of the motion between frames; raft needs --flow-weights.",
        stages=_MOVING,
    )
    flow_options: Mapping[str, object] | ExtensionOptions | None = option_field(
        EXTENSION_OPTIONS, None, MOTION, "Options of a flow estimator from another distribution.", stages=_MOVING
    )
    flow_weights: Path | None = option_field(
        types.PATH, None, MOTION, "Weights of RAFT, large or small: a .pth or .safetensors file.", stages=_MOVING
    )
    vectors: Path | None = option_field(
        types.PATH,
        None,
        MOTION,
        "Motion vectors of a rendered shot, in both directions, as EXR from Blender or Nuke: name.####.exr.",
        stages=_MOVING,
    )
    vectors_back: Path | None = option_field(
        types.PATH,
        None,
        MOTION,
        "Motion from each frame to the previous one: name.####.flo, or name.####.exr with two channels.",
        stages=_MOVING,
    )
    vectors_forward: Path | None = option_field(
        types.PATH, None, MOTION, "Motion from each frame to the next, in the same formats.", stages=_MOVING
    )
    export: tuple[str, ...] = option_field(
        types.EXPORT_KINDS,
        (),
        EXPORT,
        "Files to export in addition to the result: timelines (otio, xml for Premiere, fcpxml, edl), scripts "
        "(aftereffects, nuke), ebsynth (a folder), passes, matte, and foreground (the look with the matte as its "
        "alpha). May be repeated.",
        stages=("export",),
    )
    export_options: Mapping[str, Mapping[str, object] | ExtensionOptions] | None = option_field(
        EXTENSION_OPTIONS,
        None,
        EXPORT,
        "Options of exporters from other distributions, by exporter.",
        stages=("export",),
    )
    passes_as: str = option_field(
        types.choice(types.PASSES_AS),
        "multipart",
        EXPORT,
        "Layout of the passes: one multipart EXR per frame, or one EXR sequence per pass.",
        stages=("export",),
    )
    depth: str | None = option_field(
        types.DEPTH_SOURCE,
        None,
        EXPORT,
        "Depth for the passes: a sequence, movie or still; or auto to estimate it with the network of --control depth.",
        stages=("export",),
    )
    handles: int = option_field(
        types.NUMBER, 0, EXPORT, "Number of frames that timelines and scripts trim at each end.", stages=("export",)
    )
    codec: str | None = option_field(
        types.choice(tuple(CODECS)),
        None,
        EXPORT,
        "Codec of the movie; the default is h264 for .mp4 and .mov, and ffv1 for .mkv.",
        stages=("export",),
    )
    fps: Fraction | None = option_field(
        types.RATE, None, EXPORT, "Constant frame rate to conform the result to.", stages=("export",)
    )
    bits: int | None = option_field(
        types.BITS,
        None,
        EXPORT,
        "Bits per channel of PNG and TIFF; the default is the depth of the plate.",
        stages=("export",),
    )
    working_space: str | None = option_field(
        types.choice(WORKING_SPACES),
        None,
        EXPORT,
        "Linear working space of EXR files, converted by OpenColorIO; the default is rec709.",
        stages=("export",),
    )
    rate: Fraction | None = option_field(
        types.RATE,
        None,
        READING,
        "Frame rate of a sequence, such as 23.976 or 24000/1001, instead of that in its headers.",
        stages=types.STAGES,
    )
    replace_shot: Path | None = option_field(
        types.PATH, None, READING,
        "New version of a project's shot: align it with the old one, and take over keys, mattes, settings and results "
        "into a project of its own.",
        stages=types.STAGES, stored=False,
    )  # fmt: skip
    draft: bool = option_field(
        types.FLAG,
        False,
        RUN,
        "Run at a fraction of the size; the full run then uses the keyframes of this draft.",
        stages=types.STAGES,
        stored=False,
        essential=True,
    )
    scale: Fraction | None = option_field(
        types.DRAFT_SCALE,
        None,
        RUN,
        "Scale of a draft, 1/2 to 1/8; the default is 1/2, or less for a shot larger than 1920x1080.",
        stages=types.STAGES,
        stored=False,
    )
    project: Path | None = option_field(
        types.FOLDER, None, RUN, "Project folder; the default is next to the shot.", stages=types.STAGES, stored=False
    )
    offline: bool = option_field(
        types.FLAG,
        False,
        RUN,
        "Never download models; a missing one is an error that explains how to get it.",
        stages=PAINTING,
        stored=False,
    )
    overwrite: bool = option_field(
        types.FLAG,
        False,
        RUN,
        "Replace existing files at the output path.",
        stages=(types.PLAN, "export"),
        stored=False,
    )
    verify: bool = option_field(
        types.FLAG, False, RUN, "Read every file again to detect changes, even if its size and times are unchanged.",
        stages=types.STAGES, stored=False,
    )  # fmt: skip
    trust: bool = option_field(
        types.FLAG, False, RUN,
        "Trust a project, key or preset of someone else permanently: its settings may read, write and send data "
        "outside its folder.",
        stages=types.STAGES, stored=False,
    )  # fmt: skip
    allow: tuple[str, ...] = option_field(
        types.ALLOWED, (), RUN,
        "Let an untrusted project use something outside its folder in this run: a folder and "
        "everything in it, or an address, repo id or name as listed in the error message. May be repeated.",
        stages=types.STAGES, stored=False,
    )  # fmt: skip
    log_json: Path | None = option_field(
        types.PATH,
        None,
        RUN,
        "File to append every event of the run to, one JSON object per line.",
        stages=types.STAGES,
        stored=False,
    )
    threads: int | None = option_field(
        types.THREADS_COUNT,
        None,
        RUN,
        "Number of threads; the result does not depend on it.",
        stages=types.STAGES,
        stored=False,
    )
    jobs: int = option_field(
        types.PROCESSES_COUNT,
        1,
        RUN,
        "Number of processes, which share the threads and work on different spans between keys.",
        stages=("propagate",),
        stored=False,
    )
    from_stage: str | None = option_field(
        types.STAGE,
        None,
        RUN,
        "First stage to run; earlier stages must be complete.",
        stages=(),
        flags=("--from",),
        stored=False,
    )
    to_stage: str | None = option_field(
        types.STAGE, None, RUN, "Last stage to run.", stages=(), flags=("--to",), stored=False
    )

    def runs(self, stage: str) -> bool:
        """Return whether a stage is among those from ``from_stage`` to ``to_stage``."""
        first = types.STAGES.index(self.from_stage) if self.from_stage else 0
        last = types.STAGES.index(self.to_stage) if self.to_stage else len(types.STAGES)
        return first <= types.STAGES.index(stage) <= last


RUN_OPTIONS: Mapping[str, Option] = options_of(RunSettings)

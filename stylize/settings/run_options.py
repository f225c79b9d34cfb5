"""Options of the shot and of the run, which have one value for all looks. Each is declared once."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from stylize.media.codecs import CODECS
from stylize.media.working_spaces import WORKING_SPACES
from stylize.settings import option_types as types
from stylize.settings.option import (
    DIFFUSION,
    EXPORT,
    KEYFRAMES,
    MAIN,
    MOTION,
    READING,
    RUN,
    Option,
    option_field,
    options_of,
)


@dataclass(frozen=True)
class RunSettings:
    """Options of the whole shot: its input, its output, its motion, and the run."""

    output: str | None = option_field(
        types.TARGET, None, MAIN, "Folder, pattern (out/name.####.exr) or movie (.mp4, .mov, .mkv) to write.",
        flags=("-o", "--output"),
    )  # fmt: skip
    frames: str | None = option_field(types.RANGE, None, MAIN, "Part of the shot to work on, as 1001-1100 or 10-50x2.")
    split: bool = option_field(types.FLAG, True, KEYFRAMES, "Take the footage as one shot, even where it cuts.",
                          flags=("--no-split",))  # fmt: skip
    like: Path | None = option_field(
        types.PATH,
        None,
        DIFFUSION,
        "A key, its JSON, or a picture of A1111: paint as it was painted, but for what is asked for beside.",
        stored=False,
    )
    flow: str = option_field(
        types.choice(types.FLOWS),
        "dis",
        MOTION,
        "How motion between frames is estimated; raft needs weights.",
    )
    flow_weights: Path | None = option_field(
        types.PATH, None, MOTION, "Weights of RAFT, large or small: .pth or .safetensors."
    )
    vectors: Path | None = option_field(
        types.PATH, None, MOTION,
        "Motion vectors of a rendered shot, both ways, as EXR of Blender or Nuke: name.####.exr.",
    )  # fmt: skip
    vectors_back: Path | None = option_field(
        types.PATH, None, MOTION, "Motion from each frame to the one before: name.####.flo, or .exr with two channels.",
    )  # fmt: skip
    vectors_forward: Path | None = option_field(
        types.PATH, None, MOTION, "Motion from each frame to the next, likewise."
    )
    export: tuple[str, ...] = option_field(
        types.EXPORT_KINDS, (), EXPORT,
        "What else to hand over, beside the result: timelines (otio, xml for Premiere, fcpxml, edl), scripts "
        "(aftereffects, nuke), a folder for ebsynth, passes, matte, foreground (the look with the matte as its alpha). "
        "May be repeated.",
    )  # fmt: skip
    passes_as: str = option_field(
        types.choice(types.PASSES_AS), "multipart", EXPORT,
        "Passes as the parts of one EXR a frame, or each as a sequence of EXR.",
    )  # fmt: skip
    depth: str | None = option_field(
        types.DEPTH_SOURCE, None, EXPORT,
        "Depth among the passes: sequence, movie or still, as it is; or auto, by the network for --control depth.",
    )  # fmt: skip
    handles: int = option_field(types.NUMBER, 0, EXPORT, "Frames at both ends that timelines and scripts do not show.")
    codec: str | None = option_field(
        types.choice(tuple(CODECS)),
        None,
        EXPORT,
        "Codec of a movie; without it h264 for .mp4 and .mov, ffv1 for .mkv.",
    )
    fps: Fraction | None = option_field(
        types.RATE, None, EXPORT, "Even rate to conform the result to, whatever the source's is."
    )
    bits: int | None = option_field(
        types.BITS, None, EXPORT, "Bits a channel of PNG and TIFF; without it those of the plate."
    )
    working_space: str | None = option_field(
        types.choice(WORKING_SPACES),
        None,
        EXPORT,
        "Linear space of EXR, through OpenColorIO; without it rec709.",
    )
    rate: Fraction | None = option_field(
        types.RATE, None, READING, "Frames per second of a sequence, as 24, 23.976, 24000/1001."
    )
    start_number: int = option_field(types.NUMBER, 1, READING, "Number of a movie's first frame.")
    strict: bool = option_field(types.FLAG, False, READING, "Refuse footage that cannot be read whole.")
    project: Path | None = option_field(
        types.FOLDER, None, RUN, "Project folder; the default is beside the shot.", stored=False
    )
    offline: bool = option_field(
        types.FLAG, False, RUN, "Download no model: one that is not on this disk is an error that says how to get it.",
        stored=False,
    )  # fmt: skip
    overwrite: bool = option_field(
        types.FLAG, False, RUN, "Replace files that are in the way of the output.", stored=False
    )
    log_json: Path | None = option_field(
        types.PATH, None, RUN, "Append every event of the run to a file, one JSON object a line.", stored=False
    )
    threads: int | None = option_field(
        types.COUNT, None, RUN, "Threads to use; the result does not depend on it.", stored=False
    )
    jobs: int = option_field(
        types.COUNT, 1, RUN, "Processes that share the spans between keys, and the threads.", stored=False
    )
    from_stage: str | None = option_field(types.STAGE, None, RUN, "First stage to run; those before must be done.",
                                     flags=("--from",), stored=False)  # fmt: skip
    to_stage: str | None = option_field(types.STAGE, None, RUN, "Last stage to run.", flags=("--to",), stored=False)

    def runs(self, stage: str) -> bool:
        """Return whether a stage is among those from ``from_stage`` to ``to_stage``."""
        first = types.STAGES.index(self.from_stage) if self.from_stage else 0
        last = types.STAGES.index(self.to_stage) if self.to_stage else len(types.STAGES)
        return first <= types.STAGES.index(stage) <= last


RUN_OPTIONS: Mapping[str, Option] = options_of(RunSettings)

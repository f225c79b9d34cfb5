"""Stages whose results are cached: their versions and inputs. Only this module makes cache keys.

A cache key has two halves, ``inputs-versions``. The first covers settings and contents, the second the declared
versions of the stage and of all stages that it uses. A stage runs again when either half differs; only rendered keys
are kept if the versions differ, which is reported. Raise the version of a stage whenever the same inputs give a
different result. A test compares the syntax trees of its modules with the versions, so that no change is forgotten.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, requires, version
from types import MappingProxyType
from typing import Any

_INPUT_BYTES, _VERSION_BYTES = 16, 8
# Version of a library that is not installed.
_MISSING = "none"


@dataclass(frozen=True)
class Stage:
    """Stage whose results are cached.

    version: raised when the same inputs give a different result. modules: modules or packages whose code determines the
    result, including their imports from ``propagate`` and ``masks``. uses: stages whose results it uses and whose
    versions are therefore included. settings: options that determine the result. inputs: other inputs, in words.
    libraries: distributions whose versions change the result.
    """

    name: str
    version: int
    modules: tuple[str, ...]
    uses: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    inputs: str = ""
    libraries: tuple[str, ...] = ()


def _table(*stages: Stage) -> Mapping[str, Stage]:
    return MappingProxyType({stage.name: stage for stage in stages})


_RENDERERS, _SPANS = "stylize.renderers", "stylize.spans"
_DECODER = (
    "stylize.media.decoder", "stylize.media.picture_stream", "stylize.media.frame_map", "stylize.media.frame_pixels",
)  # fmt: skip
_OPENCV = ("opencv-python-headless",)

STAGES = _table(
    # Footage
    Stage("read", 3, ("stylize.media.images", "stylize.media.plates", "stylize.media.shot"), inputs="a picture file"),
    Stage("conform", 3, ("stylize.ingest.conforming", "stylize.media.deinterlacing",
                         "stylize.media.field_pictures", *_DECODER, "stylize.media.tonemap",
                         "propagate.hdr_light", "propagate.gamut_mapping", "propagate.tone_curves"),
          inputs="the movie, and the position of a frame in it"),
    Stage("view", 1, ("stylize.ingest.scene_view", "stylize.media.views", "stylize.media.shaper",
                       "stylize.media.ocio_view"), ("read",),
          inputs="a plate in linear light, its layer, and the exposure and range of the shot"),
    Stage("unpack", 2, ("stylize.ingest.unpacking", *_DECODER),
          inputs="the movie of a matte or guide, and the position of a frame in it"),
    Stage("draft", 1, ("stylize.media.scaling", "stylize.ingest.draft_plates", "stylize.context.scaled_inputs"),
          ("read", "conform", "unpack", "matte", "guide"), inputs="a plate, matte or guide, and the size of the draft"),
    # Motion
    Stage("flow_dis", 2, ("propagate.flow_dis", "propagate.flow", "propagate.flow_codec"), ("read",),
          inputs="two plates, and the part of them that is used", libraries=_OPENCV),
    Stage("flow_raft", 1, ("propagate.flow_raft",), ("flow_dis",),
          inputs="as flow_dis, and the weights", libraries=("torch", "torchvision")),
    Stage("flow_extension", 1, ("propagate.flow", "propagate.flow_codec"), ("flow_dis",),
          inputs="as flow_dis, and the options, versions and cache key of an estimator's distribution"),
    Stage("vectors", 1, ("stylize.motion.vectors", "propagate.flow"), ("read",), inputs="files of motion vectors"),
    # Split and pick
    Stage("cuts", 3, ("stylize.planning.cuts", "stylize.planning.coverage", "stylize.planning.blends"),
          ("read", "flow_dis"), inputs="all plates", libraries=("scenedetect-headless",)),
    Stage("repeats", 1, ("stylize.planning.repeated_plates", "propagate.repeats"), ("read",),
          inputs="the plates of a shot"),
    Stage("light", 2, ("stylize.planning.shot_light",), ("read", "flow_dis"), inputs="the plates of a shot"),
    Stage("coverage", 9, ("stylize.planning.keyframes", "stylize.planning.survey", "stylize.planning.coverage",
                          "stylize.planning.fitting", "stylize.planning.eye_opening", "stylize.planning.blends"),
          ("read", "flow_dis", "matte", "light"), inputs="the plates, the mattes and the keyframes of a shot"),
    Stage("pick", 2, ("stylize.planning.choice", "stylize.planning.reasons"), ("coverage",),
          ("coverage", "optimise_for", "max_keyframes", "min_gap"),
          inputs="the plates and mattes of a shot, added, dropped and painted keys"),
    Stage("budget", 2, ("stylize.planning.budget",), ("pick",), ("keys_budget", "threads"),
          inputs="the renderer, and the keyframes that are worth rendering"),
    # Measured seconds stay valid when the code changes.
    Stage("key_cost", 1, (), settings=("threads",), inputs="the renderer and the size of a frame"),
    Stage("plan_report", 2, ("stylize.planning.plan_report", "stylize.planning.plan_picture",
                             "stylize.planning.coverage_timeline", "stylize.planning.keys_csv", "stylize.sheets"),
          inputs="the plan and its heat maps, and all text on the sheet", libraries=("pillow",)),
    # Mattes and guides
    Stage("guide", 1, ("stylize.context.guides",), ("read", "unpack"), inputs="the pictures of a guide"),
    Stage("matte", 1, ("stylize.context.mattes",), ("read", "unpack"), inputs="a matte file"),
    Stage("matte_crypto", 1, ("stylize.matting.crypto_mattes", "masks.cryptomatte"), ("read",),
          inputs="a plate, and the layer and ids of its Cryptomatte"),
    Stage("matte_network", 5, ("stylize.matting.segmenting",), ("read", "flow_dis"),
          inputs="all plates, the network, and the prompts"),
    Stage("segment_onnx", 3, ("masks.segment_onnx",), libraries=("onnxruntime",), inputs="the network's file"),
    Stage("segment_sam2", 1, ("masks.segment_sam2",), libraries=("torch", "transformers"), inputs="the model's files"),
    Stage("segmenter_extension", 1, (), inputs="the options, versions and cache key of a segmenter's distribution"),
    Stage("matte_key", 1, ("stylize.matting.keying",), ("read",), ("chroma", "luma", "clean", "difference"),
          inputs="a plate"),
    Stage("matte_track", 11, ("masks.track", "masks.clean_plate", "masks.fuse_tracks", "stylize.matting.track_span"),
          ("read", "flow_dis"),
          inputs="the plates of a span and its painted mattes"),
    Stage("matte_scribble", 1, ("masks.scribble", "stylize.matting.scribbles"), ("read", "flow_dis", "matte_track"),
          inputs="strokes, the plates of a span and its painted mattes"),
    Stage("matte_write", 1, ("stylize.matting.matte_pipeline", "masks.foreground"), ("read",), inputs="a matte"),
    Stage("refine_edges", 3, ("stylize.matting.refine_edges",), ("read",), ("refine",),
          inputs="a matte and its plate", libraries=("pymatting",)),
    # Keys
    Stage("example", 4, (f"{_RENDERERS}.example",), settings=("structure", "palette", "keep_colours", "tone")),
    Stage("diffusion", 5, (f"{_RENDERERS}.diffusion",), libraries=("torch", "diffusers", "transformers"),
          inputs="its options and the contents of the models"),
    Stage("a1111", 2, (f"{_RENDERERS}.a1111", f"{_RENDERERS}.received_picture"),
          inputs="its options and the server's model"),
    Stage("painted", 1, (f"{_RENDERERS}.painted",)),
    # The versions of extensions are among their inputs, because a new version may give a different result.
    Stage("renderer_extension", 1, (), inputs="the options, versions and cache key of a renderer's distribution"),
    Stage("keys", 2, ("stylize.keys.rendering", "stylize.keys.paint_key", "stylize.keys.key_plan",
                      "stylize.keys.candidates", "stylize.keys.agreement", "stylize.keys.conditioning",
                      "stylize.keys.shot_colours", "stylize.context.keys"),
          ("read", "matte", "guide"), ("seed",),
          inputs="plates from the previous key on, that key, the reference, conditioning, motion and the renderer"),
    Stage("key_agreement", 1, ("stylize.keys.neighbour_agreement", "stylize.keys.agreement"), ("read",),
          inputs="two keys and the plates between them"),
    # Propagate
    Stage("span", 9, ("propagate.synthesis", "propagate.blend", f"{_SPANS}.span", f"{_SPANS}.span_job",
                      f"{_SPANS}.span_scene", f"{_SPANS}.span_plan", f"{_SPANS}.composite_look",
                      f"{_SPANS}.matte_roi", f"{_SPANS}.pass_maps", f"{_SPANS}.resume_point", f"{_SPANS}.array_file",
                      f"{_SPANS}.write_behind", f"{_SPANS}.frame_files", "stylize.context.keys"),
          ("read", "matte", "guide"), inputs="the plates, keys, mattes, guides and motion of a span"),
    Stage("frame_errors", 1, (f"{_SPANS}.frame_errors",), ("read", "matte"), inputs="the error maps of frames"),
    Stage("boil", 1, ("propagate.boil",), settings=("boil", "seed")),
    Stage("missed_cuts", 1, (f"{_SPANS}.missed_cuts", "propagate.scene_break"), ("cuts",), ("split", "drop_cut"),
          inputs="the plates and motion of a shot"),
    Stage("layers", 1, (f"{_SPANS}.layer_stack", f"{_SPANS}.layer_look", "masks.disjoint_over"), ("matte",),
          inputs="the looks, mattes and errors of a frame's layers, and its plate"),
    Stage("refinement", 2, ("stylize.refinement", "stylize.planning.uncovered", f"{_SPANS}.frame_errors"),
          ("span", "keys", "pick"),
          ("on", "seed", "min_gap", "drop_key"), inputs="all that the error maps depend on, except painted keys"),
    # Delivery and interchange
    Stage("delivery", 4, ("stylize.delivery.deliver", "stylize.delivery.sequence", "stylize.delivery.movie",
                          "stylize.delivery.scene_linear", "stylize.delivery.associated_alpha",
                          "stylize.delivery.yuv_conversion", "stylize.delivery.audio", "stylize.media.flatten",
                          "stylize.media.codecs"), ("read",), ("codec", "bits", "working_space", "fps"),
          inputs="finished frames, and the time, colour and sound of the shot"),
    Stage("contact_sheet", 4, ("stylize.delivery.contact_sheet", "stylize.delivery.frame_choice",
                               "stylize.delivery.result_verdict", "stylize.planning.key_advice",
                               "stylize.sheets"), ("read",),
          inputs="plates, keys, results and error maps, and all text on the sheet", libraries=("pillow",)),
    Stage("candidate_sheet", 1, ("stylize.keys.candidate_sheet", "stylize.sheets"), ("read",),
          inputs="plates, references and candidates, and all text on the sheet", libraries=("pillow",)),
    Stage("matte_sequence", 1, ("stylize.interchange.matte_sequence",), ("matte",), inputs="a matte"),
    Stage("foreground", 3, ("stylize.interchange.foreground", "stylize.interchange.foreground_layers",
                            "masks.disjoint_over"), ("delivery", "matte"), inputs="looks and mattes of a frame"),
    Stage("passes", 3, ("stylize.interchange.passes", "stylize.interchange.depth"), ("read", "matte"),
          inputs="the error, share, keys, motion, matte and depth of a frame"),
    Stage("linked_media", 1, ("stylize.interchange.linked_media",), ("delivery",), ("fps",),
          inputs="pictures, and the time and colour of the shot"),
)  # fmt: skip


def stable_hash(*values: Any, size: int = _INPUT_BYTES) -> str:
    """Return a hexadecimal hash that changes whenever a value does. values: serialisable as JSON."""
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=size).hexdigest()


def cache_key(
    stage: str, *inputs: Any, settings: object = None, uses: Collection[str] = (),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> str:  # fmt: skip
    """Return the cache key of one result of a stage.

    inputs: digests of contents, and everything else that the result depends on, serialisable as JSON. settings: source
    of the options that the stage declares. uses: additional stages that this result depends on, such as that of the
    renderer. environment: what else belongs to the half of the versions, such as a device, by name.
    """
    declared = STAGES[stage]
    options = {} if settings is None else {name: _plain(getattr(settings, name)) for name in declared.settings}
    versions = _versions_hash(stage, tuple(sorted(uses)))
    if environment:
        versions = stable_hash(versions, dict(environment), size=_VERSION_BYTES)
    return f"{stable_hash(stage, options, inputs)}-{versions}"


# Pattern of a cache key.
CACHE_KEY = rf"[0-9a-f]{{{2 * _INPUT_BYTES}}}-[0-9a-f]{{{2 * _VERSION_BYTES}}}"


def inputs_half(key: str) -> str:
    """Return the half of a cache key that does not depend on versions."""
    return key.partition("-")[0]


def versions_of(stages: Iterable[str]) -> dict[str, str]:
    """Return the versions of stages, of all stages that they use, and of the libraries that they name, by name."""
    found: dict[str, str] = {}
    for name in sorted(closure(stages)):
        found[name] = str(STAGES[name].version)
        found |= {library: _installed(library) for library in STAGES[name].libraries}
    return found


def closure(stages: Iterable[str]) -> set[str]:
    """Return stages together with all stages that they use."""
    found: set[str] = set()
    waiting = list(stages)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += STAGES[name].uses
    return found


def installed_libraries() -> dict[str, str]:
    """Return the versions of the installed distributions that stylize and its extras depend on."""
    names = {re.split(r"[^\w.-]", line)[0] for line in requires("stylize") or () if 'extra == "dev"' not in line}
    return {name: found for name in sorted(names) if (found := _installed(name)) != _MISSING}


@lru_cache
def _versions_hash(stage: str, uses: tuple[str, ...]) -> str:
    return stable_hash(versions_of((stage, *uses)), size=_VERSION_BYTES)


@lru_cache
def _installed(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return _MISSING


def _plain(value: Any) -> Any:
    """Convert an option's value to a form that is serialisable as JSON."""
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)

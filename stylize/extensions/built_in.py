"""Registrations of the built-in renderers, flow estimators, exporters and segmenters.

To add one, write a class in the module that ``load`` names, and add an entry here. Help and messages list the entries
in this order.
"""

from collections.abc import Mapping
from types import MappingProxyType

from stylize.extensions.registrations import (
    EXPORTERS,
    FLOW,
    RENDERERS,
    SEGMENTERS,
    ExporterRegistration,
    FlowRegistration,
    Registration,
    RendererRegistration,
    SegmenterRegistration,
)

_SHARED_DIFFUSION = (
    "model", "prompt", "negative", "steps", "cfg", "denoise", "sampler", "clip_skip", "control", "control_model",
    "fuse", "retries", "like", "render_size",
)  # fmt: skip

_RENDERERS = (
    RendererRegistration(
        "example", "built in; paints in the style of reference pictures, without a model",
        "stylize.renderers.example:open_example", reads=("structure", "palette", "keep_colours", "tone"),
        stage="example",
        needs_reference=True, takes_several_references=True, is_local=True,
    ),
    RendererRegistration(
        "painted", "none; all keys are painted by hand", "stylize.renderers.painted:PaintedRenderer", stage="painted",
        paints=False, is_local=True,
    ),
    RendererRegistration(
        "diffusion", "Stable Diffusion 1.5 or XL on this machine", "stylize.renderers.open_diffusion:open_diffusion",
        reads=(
            *_SHARED_DIFFUSION, "style", "model_config", "vae", "device", "dtype", "upscale", "upscale_denoise",
            "annotators", "lora", "lora_folder", "ip_adapter", "image_encoder", "share_attention", "match_colours",
        ),
        stage="diffusion", takes_matte=True, takes_controls=True, needs_model=True, retries=True,
        check="stylize.settings.diffusion_checks:check_diffusion",
    ),
    RendererRegistration(
        "a1111", "a running A1111, Forge or SD.Next server", "stylize.renderers.a1111:open_a1111",
        reads=("url", *_SHARED_DIFFUSION), stage="a1111", takes_matte=True, takes_controls=True, retries=True,
        sends_plates=True, check="stylize.settings.diffusion_checks:check_a1111",
    ),
    RendererRegistration(
        "auto", "diffusion where it is available, else example", "", resolved_by="stylize.renderers.auto:choose",
    ),
)  # fmt: skip

_FLOW = (
    FlowRegistration("dis", "dense inverse search (OpenCV)", "stylize.motion.registered:open_dis", stage="flow_dis"),
    FlowRegistration(
        "raft", "RAFT (torchvision), needs weights", "stylize.motion.open_raft:open_raft_flow", reads=("flow_weights",),
        stage="flow_raft",
    ),
)  # fmt: skip

_INTERCHANGE = "stylize.interchange"

_EXPORTERS = (
    ExporterRegistration("otio", "OpenTimelineIO", f"{_INTERCHANGE}.text_exports:TimelineExporter", is_timeline=True,
                         reads=("handles",)),
    ExporterRegistration("xml", "timeline for Premiere", f"{_INTERCHANGE}.text_exports:TimelineExporter",
                         is_timeline=True, movies_only=True, reads=("handles",)),
    ExporterRegistration("fcpxml", "timeline for Final Cut Pro and Resolve",
                         f"{_INTERCHANGE}.text_exports:TimelineExporter", is_timeline=True, movies_only=True,
                         reads=("handles",)),
    ExporterRegistration("edl", "edit decision lists", f"{_INTERCHANGE}.text_exports:TimelineExporter",
                         is_timeline=True, reads=("handles",)),
    ExporterRegistration("aftereffects", "script for After Effects", f"{_INTERCHANGE}.text_exports:ScriptExporter",
                         is_timeline=True, reads_matte_sequence=True, reads=("handles",)),
    ExporterRegistration("nuke", "script for Nuke", f"{_INTERCHANGE}.text_exports:ScriptExporter", is_timeline=True,
                         reads_matte_sequence=True, reads=("handles",)),
    ExporterRegistration("ebsynth", "folder for EbSynth", f"{_INTERCHANGE}.look_exports:EbsynthExporter", per_look=True,
                         whole=False),
    ExporterRegistration("passes", "passes as EXR", f"{_INTERCHANGE}.look_exports:PassesExporter", per_look=True,
                         whole=False, reads_motion=True, reads=("passes_as", "depth")),
    ExporterRegistration("matte", "mattes as pictures", f"{_INTERCHANGE}.look_exports:MatteExporter", per_look=True,
                         whole=False, needs_matte=True, reads_matte_sequence=True),
    ExporterRegistration("foreground", "the look with the matte as its alpha",
                         f"{_INTERCHANGE}.look_exports:ForegroundExporter", per_look=True, needs_matte=True),
)  # fmt: skip

_SEGMENTERS = (
    SegmenterRegistration(
        "onnx", "network in an ONNX file that finds the subject without prompts", "stylize.matting.networks:open_onnx",
        stage="segment_onnx", needs_model=True,
    ),
    SegmenterRegistration(
        "sam2", "SAM 2, prompted with clicks and boxes", "stylize.matting.networks:open_sam2_setup",
        stage="segment_sam2", prompted=True, needs_model=True,
    ),
)  # fmt: skip

BUILT_IN: Mapping[str, Mapping[str, Registration]] = MappingProxyType(
    {
        group: MappingProxyType({one.name: one for one in some})
        for group, some in {RENDERERS: _RENDERERS, FLOW: _FLOW, EXPORTERS: _EXPORTERS, SEGMENTERS: _SEGMENTERS}.items()
    }
)

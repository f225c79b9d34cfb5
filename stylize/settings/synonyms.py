"""Synonyms of options in other programs, by option: A1111, ComfyUI, EbSynth, FFmpeg, Nuke.

A user who gives an unknown option is pointed to the one with the same meaning. Words are written as on a command line,
but without the leading dashes, and are separated by spaces. ``word=value`` also gives the value that the word implies.
A word belongs to only one option of a command.
"""

from collections.abc import Mapping
from types import MappingProxyType

SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        # Main
        "style": "reference ref image style-image reference-image img picture art init-images style-reference",
        "keys": "key painted painted-keys keyframe-folder keys-folder key-dir styled",
        "output": "out dst dest destination outdir out-dir output-dir target save to-file",
        "frames": (
            "start end range frame-range first last from-frame to-frame start-frame end-frame in in-point out-point "
            "frame ss vframes every step nth n-th-frame"
        ),
        "keyframes": "interval key-interval keyframe-interval keyframe key-frames gap keyframe-gap",
        # Keyframes
        "max_keyframes": "max-keys number-of-keys num-keyframes key-count keyframe-count",
        "min_gap": "min-distance minimum-gap min-interval minimum-keyframe-gap",
        "keys_budget": "budget time-limit max-time timeout",
        "coverage": "threshold sensitivity quality",
        "optimise_for": "optimize-for optimize optimise objective goal",
        "refine": "improve iterations passes-count rounds",
        "split": "no-cuts no-scene-detection single-shot scene-detect detect-cuts",
        "add_cut": "cuts scenes scene-changes shot-changes edit-points force-cut",
        "drop_cut": "no-cut-at remove-cut ignore-cut skip-cut merge-shots",
        "add_key": "add-keyframe force-key extra-keys",
        "drop_key": "skip-key exclude-key no-key remove-key",
        "candidates": "variations variants alternatives seeds takes",
        "repaint": "rerender render-again redo regenerate",
        "keep_others": "keep-keys only-this freeze-others",
        # Look
        "renderer": "engine backend method painter mode",
        "structure": "edge-strength content-weight style-fidelity preserve-edges",
        "palette": "color-transfer colour-transfer color-strength palette-strength colour-strength",
        "tone": "luminance tone-transfer match-histogram lightness",
        "keep_colours": (
            "keep-colors preserve-color preserve-colors preserve-colours original-colors keep-color color-preserve"
        ),
        "seed": "random-seed noise-seed rng variation subseed",
        # Diffusion
        "model": "checkpoint ckpt ckpt-name sd-model sd-model-checkpoint base-model unet",
        "model_config": "config ckpt-config yaml",
        "vae": "autoencoder vae-name sd-vae",
        "device": "cpu=cpu use-cpu=cpu gpu=cuda cuda=cuda mps=mps always-gpu=cuda",
        "dtype": (
            "precision half=float16 fp16=float16 bf16=bfloat16 fp32=float32 no-half=float32 full-precision=float32"
        ),
        "prompt": "positive positive-prompt text description caption",
        "negative": "negative-prompt neg neg-prompt uncond",
        "steps": "sampling-steps num-inference-steps inference-steps",
        "cfg": "cfg-scale guidance guidance-scale",
        "denoise": (
            "strength denoising-strength denoising img2img-strength image-strength style-strength noise-strength"
        ),
        "sampler": "sampler-name scheduler sampling-method sampler-index schedule",
        "clip_skip": "stop-at-clip-layer clip-stop-at-last-layers",
        "render_size": "width height size resolution max-resolution image-size",
        "upscale": "hires hr-scale enable-hr upscaler upscale-by tiles tile superres",
        "upscale_denoise": "hr-denoising-strength tile-denoise",
        "control": "controlnet control-net preprocessor canny openpose lineart controlnet-weight",
        "control_model": "controlnet-model control-net-model control-net-name",
        "annotators": "preprocessors controlnet-annotator-models-path",
        "lora": "loras lora-name lycoris lora-weight",
        "lora_folder": "lora-dir lora-path loras-folder",
        "ip_adapter": "ipadapter ip-adapter-model adapter",
        "image_encoder": "clip-vision clip-vision-model vision-encoder",
        "share_attention": "cross-frame-attention attention-sharing reference-attention",
        "fuse": "temporal temporal-consistency consistency warp-previous",
        "match_colours": "match-colors color-match colour-match color-correction color-coherence",
        "url": "api api-url server host webui address port",
        "retries": "attempts retry tries",
        "preset": "styles style-preset preset-file template recipe look-file",
        "like": "png-info from-key copy-from recreate params parameters",
        # Matte
        "matte": (
            "mask masks mask-dir mask-path roto inpaint-mask region subject=auto rembg=auto remove-background=auto"
        ),
        "cryptomatte": "crypto crypto-path crypto-matte id-matte",
        "matte_model": "mask-model sam sam2 sam-model segmentation-model u2net",
        "segmenter": "segmentation detector",
        "matte_invert": "invert invert-mask mask-invert inpainting-mask-invert",
        "matte_grow": "dilate expand grow mask-dilate grow-mask",
        "matte_shrink": "erode shrink choke contract mask-erode",
        "matte_feather": "blur mask-blur matte-blur feather soften mask-feather edge-softness",
        "layers": "layer-list looks multi-style region-style",
        # Propagation
        "guide": "guides guide-image iguide xguide weight normals ids",
        "on": "hold animate-on twos=twos threes=threes frame-hold on-twos=twos on-threes=threes",
        "boil": "wobble jitter line-boil waver",
        # Motion
        "flow": "optical-flow flow-method raft=raft dis=dis motion flow-estimator",
        "flow_weights": "raft-model raft-weights flow-model",
        "vectors": "motion-vectors velocity mv vector-pass",
        "vectors_back": "backward-vectors backward-flow flow-backward",
        "vectors_forward": "forward-vectors forward-flow flow-forward",
        # Export
        "export": (
            "timeline=otio xml=xml edl=edl otio=otio nuke=nuke aftereffects=aftereffects fcpxml=fcpxml "
            "ebsynth=ebsynth handoff passes=passes"
        ),
        "passes_as": "multipart=multipart exr-layout",
        "depth": "depth-map depth-pass zdepth",
        "handles": "handle handle-frames",
        "codec": (
            "c:v vcodec video-codec encoder pix-fmt crf bitrate b:v prores=prores-422hq lossless=ffv1 h264=h264 "
            "hevc=h265 h265=h265 dnxhr=dnxhr-hq preset:v"
        ),
        "fps": "output-fps frame-rate-out r conform-fps",
        "bits": "bit-depth depth-bits 16bit=16 16-bit=16 8bit=8 8-bit=8",
        "working_space": "colorspace colourspace color-space colour-space aces=aces2065-1 acescg=acescg",
        # Reading
        "rate": "framerate frame-rate input-fps fps-in",
        "start_number": "first-number start-at number-from frame-offset",
        "replace_shot": "relink replace-footage replace-clip new-version swap-shot conform-to replace-media",
        "tonemap": "tone-map tonemapping tone-mapping hdr hdr-to-sdr hdr2sdr zscale npl",
        "alpha": "alpha-mode premultiplied=premultiplied premult=premultiplied straight=straight",
        "deinterlace": "yadif=frames bwdif=frames deinterlacing detelecine=film ivtc=film pullup=film field-order",
        "strict": "xerror err-detect fail-on-error",
        "exr_layer": "part subimage channel channels aov exr-part layer-name",
        "clip": "clamp ldr sdr",
        "max_megapixels": "max-pixels pixel-limit max-image-pixels max-size limit limits",
        "exposure": "gain ev stops",
        "ocio": "ocio-config opencolorio ociodisplay",
        "input_space": "input-colorspace input-colourspace iscolorspace from-space src-space",
        "view": "display view-transform ocio-view tonemapper",
        # Run
        "draft": "preview proxy low-res lowres preview-mode quick",
        "scale": "proxy-scale downscale draft-scale half-size=1/2 preview-scale",
        "project": "workspace workdir work-dir cache cache-dir project-folder temp tmp",
        "offline": "local-files-only no-download hf-hub-offline",
        "overwrite": "force y yes replace clobber f overwrite-output",
        "verify": "checksum recheck rehash no-cache",
        "trust": "trust-project unsafe trust-remote-code",
        "allow": "allow-path permit whitelist allowlist",
        "log_json": "log log-file json events logfile",
        "threads": "cores cpus num-threads t",
        "jobs": "j workers processes parallel num-workers farm",
        "from_stage": "begin-at resume-from from-step stage",
        "to_stage": "until stop-after stop-at to-step only-plan=pick",
        # ``stylize matte``
        "key": "painted-matte keyframe mask matte",
        "scribble": "strokes stroke trimap brush correct fix",
        "chroma": (
            "greenscreen=green green-screen=green bluescreen=blue blue-screen=blue chromakey chroma-key screen keyer"
        ),
        "luma": "lumakey luma-key brightness",
        "clean": "clean-plate background difference-key",
        "find": "class label what",
        "click": "point points positive-point foreground-point",
        "exclude": "negative-point background-point not",
        "box": "bbox rect bounding-box",
        "difference": "tolerance levels",
        "foreground": "cutout despill unpremult rgba",
    }
)

# Answers to requests that need no option.
ANSWERS: Mapping[str, str] = MappingProxyType(
    {
        "resume": "a run that is started again continues where it stopped; leave it out",
        "continue": "a run that is started again continues where it stopped; leave it out",
        "input": "the shot needs no option: stylize SHOT --style PICTURE",
        "i": "the shot needs no option: stylize SHOT --style PICTURE",
        "video": "the shot needs no option: stylize SHOT --style PICTURE",
        "shot": "the shot needs no option: stylize SHOT --style PICTURE",
        "dry-run": "stylize plan SHOT shows what a run would do, and renders nothing",
        "plan": "stylize plan SHOT shows cuts and keyframes, and renders nothing",
        "report": "stylize report PROJECT measures a finished project",
        "clean-cache": "stylize clean PROJECT removes what the next run can regenerate",
        "batch": "stylize takes one shot; for several, run the command once for each",
        "h": "stylize --help lists the options",
    }
)

"""Cost of key agreement: ``python -m tests.benchmarks.agreement --help``.

The renderer itself runs the full architectures of Stable Diffusion 1.5 and XL, with random weights (speed needs no
trained ones). Reported is the third key of a shot, which is conditioned on a first and a previous one, painted alone
and with agreement; on a CPU, seconds are CPU time over all cores. ``--count`` counts the multiplications and
additions of every product and convolution without computing them, on any machine; without it the work is done and
timed.
"""

import argparse
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.flop_counter import flop_registry, sdpa_flop_count

from stylize.renderers import RenderRequest, make_renderer
from stylize.renderers.diffusion import failure
from stylize.renderers.diffusion.parts import LoadedModel
from stylize.settings import Settings
from tests.renderers.diffusion import tiny

ALONE = {"fuse": 0.0, "share_attention": 0.0, "match_colours": 0.0}
_CPU_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
# Maximum elements of a result that is still computed when operations are only counted.
LARGEST = 1 << 17
LARGE = {
    "sd15": {"cross_attention_dim": 768, "attention_head_dim": 8},
    "sdxl": {
        "block_out_channels": (320, 640, 1280), "cross_attention_dim": 2048, "attention_head_dim": (5, 10, 20),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 10), "use_linear_projection": True, "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816,
    },
}  # fmt: skip


class Counting(TorchDispatchMode):
    """Counts products and convolutions; large results are zeros of the right shape instead of being computed."""

    def __init__(self):
        super().__init__()
        self.flops = 0
        self._known = {}

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        packet = op._overloadpacket
        if packet is _CPU_ATTENTION:
            self.flops += sdpa_flop_count(*(tuple(one.shape) for one in args[:3]))
            return _zeros(args[0]), _zeros(args[0][..., 0])
        tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        large = any(one.numel() > LARGEST for one in tensors)
        aliased = [one.alias_info for one in op._schema.returns if one.alias_info]
        if packet not in flop_registry and (not large or (aliased and not aliased[0].is_write)):
            return op(*args, **kwargs)
        if aliased:
            return args[0]
        named = {name: value for name, value in kwargs.items() if name != "device"}
        mark = op, str(tree_map(lambda one: (one.shape, one.dtype) if isinstance(one, torch.Tensor) else one,
                                (args, named)))  # fmt: skip
        if mark not in self._known:
            bare, named = tree_map(lambda one: one.to("meta") if isinstance(one, torch.Tensor) else one, (args, named))
            shaped = op(*bare, **named)
            cost = flop_registry[packet](*args, **kwargs, out_val=shaped) if packet in flop_registry else 0
            self._known[mark] = cost, shaped
        cost, shaped = self._known[mark]
        self.flops += cost
        return tree_map(lambda one: _zeros(one) if isinstance(one, torch.Tensor) else one, shaped)


def _zeros(like):
    """Memory pages that are never written take no memory and no time."""
    if like.dtype == torch.bfloat16 or not like.numel():
        return torch.zeros(like.shape, dtype=like.dtype)
    kind = torch.empty(0, dtype=like.dtype).numpy().dtype
    return torch.from_numpy(np.zeros(tuple(like.shape), kind))


def parts(family, device, precision, empty):
    """A pipeline of the full architecture; only its text encoders are small, since they hardly matter."""
    import diffusers
    from accelerate import init_empty_weights

    kind = {"sd15": "StableDiffusionImg2ImgPipeline", "sdxl": "StableDiffusionXLImg2ImgPipeline"}[family]
    with init_empty_weights():
        unet = diffusers.UNet2DConditionModel(sample_size=64, **LARGE[family])
        vae = diffusers.AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), layers_per_block=2, scaling_factor=0.18215,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        )  # fmt: skip
    made = {"unet": unet, "vae": vae, "scheduler": diffusers.DDIMScheduler()}
    for part in (unet, vae):
        part.to(getattr(torch, precision)).to_empty(device=device)
        if not empty:
            for weights in part.parameters():
                torch.nn.init.uniform_(weights, -0.02, 0.02)
        part.eval().requires_grad_(False)
    return getattr(diffusers, kind), made


def renderer(family, size, steps, denoise, device, precision, empty, alone):
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (tiny.save_sd15 if family == "sd15" else tiny.save_sdxl)(root)
        painter = make_renderer(
            "diffusion", Settings(
                renderer="diffusion", model=str(root / family), steps=steps, denoise=denoise, device=device,
                dtype=precision, prompt="a", **(ALONE if alone else {}),
            )
        )  # fmt: skip
        words = tiny.tokenizer(root / "tokens")
        # Read while the files exist.
        _ = painter.parts.hash, painter.parts.identity
    kind, made = parts(family, device, precision, empty)
    if family == "sd15":
        made |= {
            "text_encoder": CLIPTextModel(tiny.text_config(768)), "tokenizer": words, "safety_checker": None,
            "feature_extractor": None, "requires_safety_checker": False,
        }  # fmt: skip
    else:
        made |= {
            "text_encoder": CLIPTextModel(tiny.text_config(768)), "tokenizer": words, "tokenizer_2": words,
            "text_encoder_2": CLIPTextModelWithProjection(tiny.text_config(1280, projection_dim=1280)),
        }  # fmt: skip
    pipeline = kind(**made).to(device, getattr(torch, precision))
    painter.parts.store.get(painter.parts.identity, lambda: LoadedModel(pipeline))
    return painter


def third_key(painter, size, mode, alone):
    """Cost of a shot's third key, after the second: seconds, and peak memory in MiB on CUDA, else 0."""
    rng = np.random.default_rng(0)
    first, *plates = rng.random((3, size, size, 3), np.float32)
    confidence = (rng.random((size, size)) < 0.7).astype(np.float32)
    on_card = painter.parts.device[0] == "cuda"
    # CPU time excludes other processes.
    clock = time.perf_counter if on_card else time.process_time
    earlier, seconds, peak = first, 0.0, 0.0
    for number, plate in enumerate(plates[-1:] if alone and not on_card else plates):
        keys = (first,) if earlier is first else (first, earlier)
        asked = RenderRequest(number, plate, None, earlier, confidence, 0, keys)
        if on_card:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        if isinstance(mode, Counting):
            mode.flops = 0
        start = clock()
        with mode:
            made = painter.render(asked, lambda *_: None).picture
        seconds = clock() - start
        peak = torch.cuda.max_memory_allocated() / 2**20 if on_card else 0.0
        # A fixed picture, whatever the weights produce.
        earlier = np.clip(0.5 * made + 0.5 * plate, 0, 1)
    return seconds, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=list(LARGE), default="sd15")
    parser.add_argument("--size", type=int, default=512, help="side of the square that is painted")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--denoise", type=float, default=0.5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default=None)
    parser.add_argument("--count", action="store_true", help="count the operations instead of doing them")
    asked = parser.parse_args()
    device = "cpu" if asked.count else asked.device
    precision = asked.dtype or ("float16" if device == "cuda" else "float32")
    if asked.count:
        # Results that are not computed are black.
        failure.describe = lambda *_: None
    costs = []
    for alone in (True, False):
        painter = renderer(
            asked.family, asked.size, asked.steps, asked.denoise, device, precision, asked.count, alone
        )  # fmt: skip
        mode = Counting() if asked.count else nullcontext()
        seconds, peak = third_key(painter, asked.size, mode, alone)
        cost = mode.flops / 1e12 if asked.count else seconds
        costs.append(cost)
        unit = "TFLOP" if asked.count else "s"
        memory = f", {peak:.0f} MiB at most" if peak else ""
        print(f"{'alone' if alone else 'agreeing':>9}: {cost:8.2f} {unit}{memory}", flush=True)
        del painter
    ratio = costs[1] / costs[0]
    print(f"{asked.family} {asked.size} px, {asked.steps} steps, denoise {asked.denoise:g}: {ratio:.2f} times")


if __name__ == "__main__":
    main()

"""Complete diffusion models with a few channels and random weights, created and saved on demand.

They render noise; they are loaded and conditioned like large ones.
"""

import json

WORDS = ["<|startoftext|>", "<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz", *(f"{c}</w>" for c in "abcdefghijklm,")]
GROUPS = {"block_out_channels": (16, 32), "layers_per_block": 1, "norm_num_groups": 8}
LAYERS = {
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": 4,
}  # fmt: skip
# Width of SDXL's second text encoder: it must differ from the first one's, as single files are identified by it.
WIDE = 48


def tokenizer(folder):
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(WORDS)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def text_config(width=32, **more):
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=len(WORDS), hidden_size=width, intermediate_size=37, num_attention_heads=4, num_hidden_layers=3,
        bos_token_id=0, eos_token_id=1, pad_token_id=1, **more,
    )  # fmt: skip


def autoencoder():
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 16, 16), norm_num_groups=4, layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip


def save_sd15(root, seed=0):
    """Save a folder ``sd15`` of the Stable Diffusion 1.5 kind."""
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel

    torch.manual_seed(seed)
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=32, **GROUPS, **LAYERS)
    StableDiffusionPipeline(
        vae=autoencoder(), text_encoder=CLIPTextModel(text_config()), unet=unet, scheduler=DDIMScheduler(),
        tokenizer=tokenizer(root / "words"), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(root / "sd15")  # fmt: skip
    return unet


def save_sdxl(root, seed=0):
    """Save a folder ``sdxl`` of the Stable Diffusion XL kind."""
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        sample_size=64, cross_attention_dim=32 + WIDE, addition_embed_type="text_time", addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 2), projection_class_embeddings_input_dim=6 * 8 + WIDE,
        use_linear_projection=True, **GROUPS, **LAYERS,
    )  # fmt: skip
    StableDiffusionXLPipeline(
        vae=autoencoder(), text_encoder=CLIPTextModel(text_config()), unet=unet, scheduler=EulerDiscreteScheduler(),
        text_encoder_2=CLIPTextModelWithProjection(text_config(WIDE, projection_dim=WIDE)),
        tokenizer=tokenizer(root / "words"), tokenizer_2=tokenizer(root / "words"),
    ).save_pretrained(root / "sdxl")  # fmt: skip
    return unet


def save_control(unet, folder, seed=1):
    """Save a ControlNet that has an effect: its last layers, initialised to zero, are randomised."""
    import torch
    from diffusers import ControlNetModel

    torch.manual_seed(seed)
    control = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 16, 16))
    for weights in control.parameters():
        if not weights.any():
            torch.nn.init.normal_(weights, std=0.5)
    control.save_pretrained(folder)


def save_lora(unet, path, seed=2):
    """Save a LoRA of the UNet's attention, whose second halves, initialised to zero, are randomised."""
    import torch
    from diffusers import StableDiffusionPipeline
    from peft import LoraConfig, get_peft_model_state_dict

    torch.manual_seed(seed)
    unet.add_adapter(LoraConfig(r=2, lora_alpha=2, target_modules=["to_q", "to_k", "to_v"]), adapter_name="made")
    state = get_peft_model_state_dict(unet, adapter_name="made")
    state = {name: torch.randn_like(value) for name, value in state.items()}
    StableDiffusionPipeline.save_lora_weights(
        str(path.parent), unet_lora_layers=state, weight_name=path.name, safe_serialization=True
    )
    unet.delete_adapters("made")


def save_image_adapter(unet, folder, seed=3):
    """Save an IP-Adapter, and next to it the model that encodes pictures for it."""
    import torch
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(seed)
    CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=16, projection_dim=16, num_hidden_layers=2, num_attention_heads=2, image_size=32,
            intermediate_size=20, patch_size=8,
        )
    ).save_pretrained(folder / "image_encoder")  # fmt: skip
    wide = unet.config.cross_attention_dim
    state = {
        "image_proj.proj.weight": torch.randn(wide * 4, 16) / 4, "image_proj.proj.bias": torch.randn(wide * 4),
        "image_proj.norm.weight": torch.ones(wide), "image_proj.norm.bias": torch.zeros(wide),
    }  # fmt: skip
    place = 1
    for name, module in unet.named_modules():
        if name.endswith("attn2"):
            state[f"ip_adapter.{place}.to_k_ip.weight"] = torch.randn(module.to_k.out_features, wide) / 4
            state[f"ip_adapter.{place}.to_v_ip.weight"] = torch.randn(module.to_v.out_features, wide)
            place += 2
    save_file(state, folder / "adapter.safetensors")


def save_single_file(folder, path):
    """Save the model in ``folder``, of either family, as a single file with the usual names of shared models."""
    state = {f"model.diffusion_model.{unet_name(name)}": value for name, value in part(folder, "unet").items()}
    state |= {f"first_stage_model.{name}": value for name, value in shared_autoencoder(folder).items()}
    wide = (folder / "text_encoder_2").is_dir()
    first = "conditioner.embedders.0.transformer" if wide else "cond_stage_model.transformer"
    for name, value in part(folder, "text_encoder").items():
        state[f"{first}.{name if name.startswith('text_model') else f'text_model.{name}'}"] = value
    if wide:
        second = open_clip(part(folder, "text_encoder_2"))
        state |= {f"conditioner.embedders.1.model.{name}": value for name, value in second.items()}
    save_shared(state, path)


def save_shared(state, path):
    from safetensors.torch import save_file

    save_file({name: value.contiguous() for name, value in state.items()}, path)


def part(folder, name):
    """Weights of one part of a model."""
    from safetensors.torch import load_file

    return load_file(next((folder / name).glob("*.safetensors")))


def shared_autoencoder(folder):
    """Save the autoencoder of the model in ``folder`` with its usual names in shared files."""
    state = {}
    for name, value in part(folder, "vae").items():
        square = "attn" in name and name.endswith("weight") and value.ndim == 2
        state[vae_name(name)] = value[..., None, None].clone() if square else value
    return state


def open_clip(text):
    """SDXL's second text encoder with OpenCLIP's names: its three projections are one matrix."""
    import torch

    state = {
        "positional_embedding": text["text_model.embeddings.position_embedding.weight"],
        "token_embedding.weight": text["text_model.embeddings.token_embedding.weight"],
        "text_projection": text["text_projection.weight"].T,
    }
    for kind in ("weight", "bias"):
        state[f"ln_final.{kind}"] = text[f"text_model.final_layer_norm.{kind}"]
    layers = {name.split(".")[3] for name in text if name.startswith("text_model.encoder.layers.")}
    for layer in layers:
        theirs, ours = f"text_model.encoder.layers.{layer}", f"transformer.resblocks.{layer}"
        for kind in ("weight", "bias"):
            state[f"{ours}.attn.in_proj_{kind}"] = torch.cat(
                [text[f"{theirs}.self_attn.{one}_proj.{kind}"] for one in "qkv"]
            )
            for name, shared in (
                ("self_attn.out_proj", "attn.out_proj"), ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
                ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
            ):  # fmt: skip
                state[f"{ours}.{shared}.{kind}"] = text[f"{theirs}.{name}.{kind}"]
    return state


_RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip


def unet_name(name):
    """Name in a shared file of a weight of a UNet with two levels of one layer each."""
    first, _, rest = name.partition(".")
    if first in ("conv_in", "conv_norm_out", "conv_out"):
        return f"{ {'conv_in': 'input_blocks.0.0', 'conv_norm_out': 'out.0', 'conv_out': 'out.2'}[first] }.{rest}"
    if first == "add_embedding":
        return f"label_emb.0.{rest.replace('linear_1', '0').replace('linear_2', '2')}"
    if first == "time_embedding":
        return f"time_embed.{rest.replace('linear_1', '0').replace('linear_2', '2')}"
    if first == "mid_block":
        kind, place, inner = rest.split(".", 2)
        return f"middle_block.{1 if kind == 'attentions' else 2 * int(place)}.{_inner(kind, inner)}"
    level, kind, place, inner = rest.split(".", 3)
    level, place = int(level), int(place)
    if first == "down_blocks":
        if kind == "downsamplers":
            return f"input_blocks.{2 * level + 2}.0.op.{inner.removeprefix('conv.')}"
        return f"input_blocks.{2 * level + 1}.{int(kind == 'attentions')}.{_inner(kind, inner)}"
    if kind == "upsamplers":
        # After the attention where there is one.
        return f"output_blocks.{2 * level + 1}.{2 if level == 0 else 1}.{inner}"
    return f"output_blocks.{2 * level + place}.{int(kind == 'attentions')}.{_inner(kind, inner)}"


def _inner(kind, inner):
    if kind == "attentions":
        return inner
    first, _, rest = inner.partition(".")
    return f"{_RESNET[first]}.{rest}"


def vae_name(name):
    """Name in a shared file of a weight of an autoencoder with four levels."""
    for theirs, ours in (
        ("conv_norm_out", "norm_out"), ("conv_shortcut", "nin_shortcut"), ("mid_block.resnets.0", "mid.block_1"),
        ("mid_block.resnets.1", "mid.block_2"), ("mid_block.attentions.0", "mid.attn_1"), ("group_norm", "norm"),
        ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out"), ("downsamplers.0", "downsample"),
        ("upsamplers.0", "upsample"), ("resnets", "block"), ("down_blocks", "down"),
    ):  # fmt: skip
        name = name.replace(theirs, ours)
    if ".up_blocks." in name:
        before, after = name.split(".up_blocks.")
        level, rest = after.split(".", 1)
        name = f"{before}.up.{3 - int(level)}.{rest}"
    return name


def save_clear_autoencoder(folder):
    """Save an autoencoder whose latents are the picture itself, one per pixel, so that fused content is visible.

    Channels come in pairs x and -x, since silu(x) - silu(-x) = x, next to a large constant that dominates the norm.
    """
    import torch
    from diffusers import AutoencoderKL

    large = 300.0
    vae = AutoencoderKL(
        block_out_channels=(8,), down_block_types=("DownEncoderBlock2D",), up_block_types=("UpDecoderBlock2D",),
        layers_per_block=1, norm_num_groups=1, latent_channels=4, mid_block_add_attention=False, scaling_factor=1.0,
    )  # fmt: skip
    with torch.no_grad():
        for name, weights in vae.named_parameters():
            weights.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
        for half in (vae.encoder, vae.decoder):
            for channel in range(3):
                half.conv_in.weight[channel, channel, 1, 1] = 1
                half.conv_in.weight[channel + 3, channel, 1, 1] = -1
                half.conv_out.weight[channel, channel, 1, 1] = large / 2
                half.conv_out.weight[channel, channel + 3, 1, 1] = -large / 2
            half.conv_in.bias[6], half.conv_in.bias[7] = large, -large
        vae.encoder.conv_out.bias[4:] = -30  # almost no variance
        for layer in (vae.quant_conv, vae.post_quant_conv):
            for channel in range(layer.weight.shape[0]):
                layer.weight[channel, channel] = 1
    vae.save_pretrained(folder)


def save_lossy_autoencoder(clear, folder, kept=0.9):
    """Save the autoencoder ``clear`` with a decoder that keeps ``kept`` of the contrast, and blurs a little."""
    import torch
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(clear)
    with torch.no_grad():
        weights = vae.decoder.conv_out.weight
        middle = weights[:, :, 1, 1].clone()
        weights[:, :, 1, 1] = middle * kept * 0.92
        for row, column in ((0, 1), (2, 1), (1, 0), (1, 2)):
            weights[:, :, row, column] = middle * kept * 0.02
    vae.save_pretrained(folder)

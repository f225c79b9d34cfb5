"""A SAM 2 video model of tiny size and random weights, made, saved and loaded like a real one."""

import pytest

SIDE = 64


def tiny_sam2(folder, seed=0):
    """Save the model into ``folder``. Skip the test where its libraries are missing."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    quarter, eighth, sixteenth = ([SIDE // part] * 2 for part in (4, 8, 16))
    backbone = {
        "model_type": "sam2_hiera_det_model", "hidden_size": 8, "num_attention_heads": 1, "image_size": [SIDE, SIDE],
        "blocks_per_stage": [1, 1, 2, 1], "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 1, 1], "window_size_per_stage": [4, 4, 4, 4],
        "global_attention_blocks": [3], "window_positional_embedding_background_size": [4, 4],
    }  # fmt: skip
    vision = {
        "backbone_config": backbone, "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [quarter, eighth, sixteenth], "fpn_hidden_size": 128,
    }  # fmt: skip
    config = transformers.Sam2VideoConfig(
        image_size=SIDE, vision_config=vision,
        prompt_encoder_config={"hidden_size": 128, "image_size": SIDE, "mask_input_channels": 4},
        mask_decoder_config={
            "hidden_size": 128, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": 64,
        },
        memory_attention_hidden_size=128, memory_attention_num_layers=1, memory_attention_feed_forward_hidden_size=64,
        memory_attention_rope_feat_sizes=sixteenth, memory_encoder_hidden_size=128, memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=128, memory_fuser_embed_dim=128, memory_fuser_intermediate_dim=64,
        memory_fuser_num_layers=1,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.Sam2VideoModel(config).eval()
        with torch.no_grad():
            # Random weights at their initial scale distinguish nothing.
            for weight in model.parameters():
                if weight.ndim > 1:
                    weight.normal_(0, 1.5 / max(1, weight[0].numel()) ** 0.5)
            # Every frame contains an object.
            model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(10)
    bars = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    if bars:
        transformers.utils.logging.enable_progress_bar()
    return folder

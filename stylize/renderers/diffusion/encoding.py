"""Encoding of prompts: weights of words, any number of tokens, both text encoders of SDXL, CLIP skip.

A prompt too long for the encoder is encoded in parts of 75 tokens, each with its own start and end token. The parts
are concatenated, as in A1111. Weights multiply the embeddings of their tokens.
"""

from typing import Any

from stylize.renderers.diffusion.prompts import Prompt

Part = tuple[list[int], list[float]]


def encode(pipeline: Any, prompt: Prompt, negative: Prompt, clip_skip: int) -> dict[str, Any]:
    """Return arguments for a diffusers pipeline: embeddings, shaped (1, 77 n, width), and SDXL's pooled ones.

    clip_skip: counted as in A1111: 1 is the output of the last layer, 2 that of the second-to-last. SDXL was trained on
    the second-to-last layer: for it, 1 is that layer and 2 the one before. An empty negative prompt of SDXL is zeros,
    as in diffusers and A1111, unless the model's configuration turns that off (``force_zeros_for_empty_prompt``).
    """
    import torch

    encoders = [(pipeline.tokenizer, pipeline.text_encoder)]
    wide = getattr(pipeline, "text_encoder_2", None) is not None
    if wide:
        encoders.append((pipeline.tokenizer_2, pipeline.text_encoder_2))
    found: dict[str, list[Any]] = {"prompt_embeds": [], "negative_prompt_embeds": []}
    pooled: dict[str, Any] = {}
    with torch.no_grad():
        for tokenizer, encoder in encoders:
            prompt_parts = {
                "prompt_embeds": _parts(tokenizer, prompt),
                "negative_prompt_embeds": _parts(tokenizer, negative),
            }
            length = max(map(len, prompt_parts.values()))
            for name, parts in prompt_parts.items():
                parts += [([], [])] * (length - len(parts))
                encoded = [_encode_part(tokenizer, encoder, part, clip_skip, wide=wide) for part in parts]
                found[name].append(torch.cat([hidden for hidden, _ in encoded], dim=1))
                pooled[name.replace("prompt_embeds", "pooled_prompt_embeds")] = encoded[0][1]
    kwargs = {name: torch.cat(embeddings, dim=-1) for name, embeddings in found.items()}
    if not wide:
        return kwargs
    kwargs |= pooled
    if not negative.words and pipeline.config.force_zeros_for_empty_prompt:
        kwargs |= {name: torch.zeros_like(values) for name, values in kwargs.items() if name.startswith("negative")}
    return kwargs


def _parts(tokenizer: Any, prompt: Prompt) -> list[Part]:
    """Split the tokens of a prompt and their weights into parts that fit the encoder; at least one part."""
    room = tokenizer.model_max_length - 2
    parts: list[Part] = []
    for chunk in prompt.chunks:
        tokens: list[int] = []
        weights: list[float] = []
        for words, weight in chunk:
            ids = tokenizer(words, add_special_tokens=False, truncation=False, verbose=False).input_ids
            tokens += ids
            weights += [weight] * len(ids)
        starts = range(0, max(1, len(tokens)), room)
        parts += [(tokens[start : start + room], weights[start : start + room]) for start in starts]
    return parts


def _encode_part(tokenizer: Any, encoder: Any, part: Part, clip_skip: int, *, wide: bool) -> tuple[Any, Any]:
    """Return the hidden states (1, 77, width) of one part, and the encoder's pooled output."""
    import torch

    tokens, weights = part
    padding = tokenizer.model_max_length - 2 - len(tokens)
    ids = [tokenizer.bos_token_id, *tokens, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * padding]
    output = encoder(torch.tensor([ids], device=encoder.device), output_hidden_states=True)
    if wide:
        hidden = output.hidden_states[-(clip_skip + 1)]
    elif clip_skip == 1:
        hidden = output[0]
    else:
        # The output of the last layer is already normalised; those of earlier layers are not.
        hidden = getattr(encoder, "text_model", encoder).final_layer_norm(output.hidden_states[-clip_skip])
    scale = torch.tensor([1.0, *weights, *[1.0] * (padding + 1)], device=hidden.device, dtype=hidden.dtype)
    return hidden * scale[None, :, None], output[0]

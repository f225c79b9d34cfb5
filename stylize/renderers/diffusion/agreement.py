"""Keys that agree: self-attention that also looks at earlier keys, and colours of one mean and spread.

An earlier key is noised as far as the picture that is being made, and goes through the network beside it; what its
self-attention layers see there is laid beside what they see of the new key (as in reference-only control and in
Rerender-A-Video, Yang et al. 2023), so that the same thing finds the same paint. It needs finished keys alone, so a run
that was stopped goes on to the same bits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats

_OFF, _KEEP, _SHOW = "off", "keep", "show"
# Share of the picture that has to be common to two keys before colours are compared there.
LEAST_COMMON = 0.02
# How far contrast may be changed to agree, either way.
MOST_CONTRAST = 1.5


@dataclass
class _Memory:
    mode: str = _OFF
    kept: dict[str, Any] = field(default_factory=dict)
    calls: int = 0


class SharedAttention:
    """A processor of a self-attention layer, around another one, that lets it look at what was kept."""

    def __init__(self, inner: Any, memory: _Memory, name: str) -> None:
        self.inner, self.memory, self.name = inner, memory, name

    def __call__(
        self, attn: Any, hidden_states: Any, encoder_hidden_states: Any = None, *args: Any, **more: Any
    ) -> Any:
        """See diffusers' attention processors. hidden_states: (batch, places, channels)."""
        import torch

        if encoder_hidden_states is None and self.memory.mode == _KEEP:
            self.memory.kept[self.name] = hidden_states
        elif encoder_hidden_states is None and self.memory.mode == _SHOW:
            kept = self.memory.kept[self.name].reshape(1, -1, hidden_states.shape[-1])
            beside = kept.expand(hidden_states.shape[0], -1, -1).to(hidden_states.dtype)
            encoder_hidden_states = torch.cat([hidden_states, beside], dim=1)
        return self.inner(attn, hidden_states, encoder_hidden_states, *args, **more)


@contextmanager
def shared_attention(pipeline: Any, keys: Any, noise: Any, share: float) -> Iterator[None]:
    """Within it, the pipeline's self-attention also looks at earlier keys.

    keys: their latents (n, C, h, w). noise: (1, C, h, w), laid over them. share: of the steps, from the first on.
    """
    import torch

    unet, memory = pipeline.unet, _Memory()
    before = dict(unet.attn_processors)
    unet.set_attn_processor(
        {
            name: SharedAttention(inner, memory, name) if name.endswith("attn1.processor") else inner
            for name, inner in before.items()
        }
    )

    def look(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if memory.mode == _KEEP:
            return  # its own call
        step, memory.calls = memory.calls, memory.calls + 1
        if step >= share * pipeline.num_timesteps:
            memory.mode = _OFF
            return
        sample, moment = args[0], args[1]
        noised = _noised(pipeline.scheduler, keys, noise, moment).to(sample.dtype)
        memory.mode = _KEEP
        try:
            with torch.no_grad():
                unet(
                    noised, moment, **{name: _for_keys(name, kwargs[name], len(keys)) for name in _WORDS & set(kwargs)}
                )
        finally:
            memory.mode = _SHOW

    handle = unet.register_forward_pre_hook(look, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
        unet.set_attn_processor(before)


# What the network is told beside the picture; the last of a batch is the prompt, the first the negative one.
_WORDS = frozenset({"encoder_hidden_states", "added_cond_kwargs"})


def _for_keys(name: str, value: Any, count: int) -> Any:
    if isinstance(value, dict):
        return {inner: _for_keys(inner, one, count) for inner, one in value.items()}
    if isinstance(value, list):
        return [_for_keys(name, one, count) for one in value]
    return None if value is None else value[-1:].expand(count, *value.shape[1:])


def _noised(scheduler: Any, keys: Any, noise: Any, moment: Any) -> Any:
    """The keys as the network is shown them at that moment, whatever the sampler's own scale of noise."""
    kept = scheduler.alphas_cumprod[round(float(moment))].item()
    return kept**0.5 * keys + (1 - kept) ** 0.5 * noise


def match_colours(picture: Floats, carried: Floats, trusted: Floats, strength: float) -> Floats:
    """``picture`` with mean and spread of its channels nearer to the earlier key's, as both are where that is trusted.

    Pictures float32 (H, W, 3), trusted (H, W) in [0, 1]; strength 0..1, 0 changes nothing.
    """
    weight = trusted[..., None].astype(np.float64)
    total = weight.sum()
    if strength == 0 or total < LEAST_COMMON * trusted.size:
        return picture
    means, spreads = zip(*(_moments(one, weight, total) for one in (picture, carried)), strict=True)
    contrast = np.clip(spreads[1] / np.maximum(spreads[0], 1e-6), 1 / MOST_CONTRAST, MOST_CONTRAST)
    matched = (picture - means[0]) * contrast + means[1]
    return np.clip(picture + strength * (matched - picture), 0, 1).astype(F32)


def _moments(picture: Floats, weight: np.ndarray, total: float) -> tuple[np.ndarray, np.ndarray]:
    mean = (weight * picture).sum(axis=(0, 1)) / total
    return mean, np.sqrt((weight * (picture - mean) ** 2).sum(axis=(0, 1)) / total)

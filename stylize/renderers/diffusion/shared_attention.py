"""Self-attention that also looks at earlier keys, so that the same thing finds the same paint.

An earlier key is noised as far as the picture that is being made, and goes through the network alone; what its
self-attention layers see there is laid beside what they see of the new key (as in reference-only control and in
Rerender-A-Video, Yang et al. 2023). What layers see changes little from one step to the next (DeepCache, Ma et al.
2024), so they look anew every ``REFRESH`` steps; and the noise is always the same, so that what they saw of the first
key serves all others. It needs finished keys alone: a run that was stopped goes on to the same bits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from stylize.renderers.diffusion.activation_cache import ActivationCache, Tensors, cache_key

_OFF, _RECORD, _ATTEND = "off", "keep", "show"
# Steps that one look at the earlier keys serves.
REFRESH = 2
# Where the network puts its picture together. Its first half tells where things are, and that is the plate's affair
# (as MasaCtrl, Cao et al. 2023, who share attention there alone).
LAYERS = ("mid_block.", "up_blocks.")
# Of the noise that is laid over earlier keys, whatever the seed of the new one.
SEED = 0
# What the network is told beside the picture; the last of a batch is the prompt, the first the negative one.
_PROMPT_INPUTS = frozenset({"encoder_hidden_states", "added_cond_kwargs", "timestep_cond"})


@dataclass
class _Memory:
    mode: str = _OFF
    inputs: Tensors = field(default_factory=dict)
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

        if encoder_hidden_states is None and self.memory.mode == _RECORD:
            self.memory.inputs[self.name] = hidden_states
        elif encoder_hidden_states is None and self.memory.mode == _ATTEND:
            inputs = self.memory.inputs[self.name]
            earlier = inputs.expand(hidden_states.shape[0], -1, -1).to(hidden_states.dtype)
            encoder_hidden_states = torch.cat([hidden_states, earlier], dim=1)
        return self.inner(attn, hidden_states, encoder_hidden_states, *args, **more)


@dataclass
class _EarlierActivations:
    """The looks at earlier keys in the course of one painting; see ``shared_attention``."""

    pipeline: Any
    keys: Sequence[Any]
    share: float
    activation_cache: ActivationCache
    state: Callable[[], object]
    memory: _Memory

    def prepare(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Called before each call of the network, as PyTorch calls its hooks: makes ready what is laid beside."""
        if self.memory.mode == _RECORD:
            return  # a call of our own
        step, self.memory.calls = self.memory.calls, self.memory.calls + 1
        if step >= self.share * self.pipeline.num_timesteps:
            self.memory.mode, self.memory.inputs = _OFF, {}
        elif step % REFRESH == 0:
            prompt_inputs = {name: _prompt_half(kwargs[name]) for name in _PROMPT_INPUTS & set(kwargs)}
            inputs = self._all_inputs(args[0], args[1], prompt_inputs)
            self.memory.mode, self.memory.inputs = _ATTEND, inputs

    def _all_inputs(self, sample: Any, timestep: Any, prompt_inputs: dict[str, Any]) -> Tensors:
        """What the layers see of all keys; what was seen while other keys were painted is not looked at again."""
        activations, noise = [], _noise(self.keys[0])
        for key in self.keys:
            noisy = _add_noise(self.pipeline.scheduler, key, noise, timestep).to(sample.dtype)
            entry = cache_key(noisy, timestep, prompt_inputs, self.state())
            activations.append(
                self.activation_cache.get(entry, partial(self._key_inputs, noisy, timestep, prompt_inputs))
            )
        return _concatenate(activations)

    def _key_inputs(self, noisy: Any, timestep: Any, prompt_inputs: dict[str, Any]) -> Tensors:
        """What the layers see of one key. Always one at a time: two at once would be other bits."""
        import torch

        self.memory.mode, self.memory.inputs = _RECORD, {}
        with torch.no_grad():
            self.pipeline.unet(noisy, timestep, **prompt_inputs)
        return self.memory.inputs


@contextmanager
def shared_attention(
    pipeline: Any, keys: Sequence[Any], share: float, activation_cache: ActivationCache, state: Callable[[], object]
) -> Iterator[None]:
    """Within it, the pipeline's self-attention also looks at earlier keys.

    keys: their latents, (1, C, h, w) each. share: of the steps, from the first on. activation_cache: of earlier
    paintings. state: what the network depends on beside its inputs, at the step that goes on.
    """
    unet, memory = pipeline.unet, _Memory()
    processors = dict(unet.attn_processors)
    unet.set_attn_processor(
        {name: SharedAttention(inner, memory, name) if _shared(name) else inner for name, inner in processors.items()}
    )
    activations = _EarlierActivations(pipeline, keys, share, activation_cache, state, memory)
    handle = unet.register_forward_pre_hook(activations.prepare, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
        unet.set_attn_processor(processors)


def _shared(name: str) -> bool:
    return name.startswith(LAYERS) and name.endswith("attn1.processor")


def _concatenate(activations: Sequence[Tensors]) -> Tensors:
    """What was seen of several keys, (1, places, channels) by layer, one key's places behind the other's."""
    import torch

    return {name: torch.cat([layer_inputs[name] for layer_inputs in activations], dim=1) for name in activations[0]}


def _prompt_half(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _prompt_half(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_prompt_half(one) for one in value]
    return None if value is None else value[-1:]


def _noise(latents: Any) -> Any:
    import torch

    generator = torch.Generator("cpu").manual_seed(SEED)
    return torch.randn(latents.shape, generator=generator).to(latents.device, latents.dtype)


def _add_noise(scheduler: Any, key: Any, noise: Any, timestep: Any) -> Any:
    """The key as the network is shown it at that moment, whatever the sampler's own scale of noise."""
    alpha = scheduler.alphas_cumprod[round(float(timestep))].item()
    return alpha**0.5 * key + (1 - alpha) ** 0.5 * noise

"""Self-attention that also attends to earlier keys, so that the same content is painted the same way.

An earlier key is noised to the level of the current step and passed through the network separately. The inputs of its
self-attention layers are concatenated to those of the new key (as in reference-only control and in Rerender-A-Video,
Yang et al. 2023). They change little from one step to the next (DeepCache, Ma et al. 2024), so they are refreshed every
``REFRESH`` steps. The noise is always the same, so that inputs from the first key serve all later keys. Only finished
keys are needed, so that a resumed run is bit-identical.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from stylize.renderers.diffusion.activation_cache import ActivationCache, Tensors, cache_key

_OFF, _RECORD, _ATTEND = "off", "keep", "show"
# Steps for which activations of earlier keys are reused.
REFRESH = 2
# Middle and decoder of the network. The encoder determines the layout, which has to follow the plate (MasaCtrl, Cao et
# al. 2023, share attention in the decoder only).
LAYERS = ("mid_block.", "up_blocks.")
# Seed of the noise added to earlier keys, whatever the seed of the new one.
SEED = 0
# Inputs of the network other than the picture. The last of a batch is for the prompt, the first for the negative one.
_PROMPT_INPUTS = frozenset({"encoder_hidden_states", "added_cond_kwargs", "timestep_cond"})


@dataclass
class _Memory:
    mode: str = _OFF
    inputs: Tensors = field(default_factory=dict)
    calls: int = 0


class SharedAttention:
    """Processor of a self-attention layer that wraps another one and adds the recorded inputs."""

    def __init__(self, inner: Any, memory: _Memory, name: str) -> None:
        self.inner, self.memory, self.name = inner, memory, name

    def __call__(
        self, attn: Any, hidden_states: Any, encoder_hidden_states: Any = None, *args: Any, **more: Any
    ) -> Any:
        """Process a layer; see diffusers' attention processors. hidden_states: (batch, places, channels)."""
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
    """Activations of earlier keys during one painting; see ``shared_attention``."""

    pipeline: Any
    keys: Sequence[Any]
    share: float
    activation_cache: ActivationCache
    state: Callable[[], object]
    memory: _Memory

    def prepare(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Prepare the activations before each call of the network, as a PyTorch pre-hook."""
        if self.memory.mode == _RECORD:
            return  # called by _key_inputs
        step, self.memory.calls = self.memory.calls, self.memory.calls + 1
        if step >= self.share * self.pipeline.num_timesteps:
            self.memory.mode, self.memory.inputs = _OFF, {}
        elif step % REFRESH == 0:
            prompt_inputs = {name: _prompt_half(kwargs[name]) for name in _PROMPT_INPUTS & set(kwargs)}
            inputs = self._all_inputs(args[0], args[1], prompt_inputs)
            self.memory.mode, self.memory.inputs = _ATTEND, inputs

    def _all_inputs(self, sample: Any, timestep: Any, prompt_inputs: dict[str, Any]) -> Tensors:
        """Return the inputs of the layers for all keys; those cached while other keys were painted are reused."""
        activations, noise = [], _noise(self.keys[0])
        for key in self.keys:
            noisy = _add_noise(self.pipeline.scheduler, key, noise, timestep).to(sample.dtype)
            entry = cache_key(noisy, timestep, prompt_inputs, self.state())
            activations.append(
                self.activation_cache.get(entry, partial(self._key_inputs, noisy, timestep, prompt_inputs))
            )
        return _concatenate(activations)

    def _key_inputs(self, noisy: Any, timestep: Any, prompt_inputs: dict[str, Any]) -> Tensors:
        """Return the inputs of the layers for one key, never batched, because batches are not bit-identical."""
        import torch

        self.memory.mode, self.memory.inputs = _RECORD, {}
        with torch.no_grad():
            self.pipeline.unet(noisy, timestep, **prompt_inputs)
        return self.memory.inputs


@contextmanager
def shared_attention(
    pipeline: Any, keys: Sequence[Any], share: float, activation_cache: ActivationCache, state: Callable[[], object]
) -> Iterator[None]:
    """Make the pipeline's self-attention also attend to earlier keys inside the context.

    keys: their latents, (1, C, h, w) each. share: share of the steps, from the first on. activation_cache: activation
    cache of earlier paintings. state: returns everything else that the network depends on at the current step.
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
    """Concatenate the inputs for several keys, (1, places, channels) by layer, along their places."""
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
    """Noise a key to the level of a timestep, as the network expects it, whatever the sampler's noise scale."""
    alpha = scheduler.alphas_cumprod[round(float(timestep))].item()
    return alpha**0.5 * key + (1 - alpha) ** 0.5 * noise

"""What is given up, one thing after the other, when the device's memory is full; every step is told."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stylize.renderers.diffusion.sizes import Working, smaller

# What is left of each side at every step, and the side below which there is no picture worth having.
SHRINK, MIN_SIDE = 0.75, 256
SLICED = "attention is computed in slices"
TILED = "the autoencoder works in tiles"
OFFLOADED = "parts of the model wait in the main memory"
# What errors say of full memory: of devices, of the main memory, of the libraries beside PyTorch.
_FULL = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")


@dataclass
class MemorySavings:
    """What has been given up so far in this run: kept, since what was too much once would be again."""

    taken: tuple[str, ...] = ()

    def place(self, pipeline: Any, device: str, offload_to: str | None) -> bool:
        """Brings a pipeline to the device, or, where that has no room for it as a whole, in parts; whether in parts.

        offload_to: the device that parts are brought to one after the other; None where main memory is the device's.
        """
        try:
            pipeline.to(device)
        except (RuntimeError, MemoryError) as error:
            if not is_full(error) or offload_to is None:
                raise
        else:
            return False
        free(pipeline)
        pipeline.enable_model_cpu_offload(device=offload_to)
        self._record(OFFLOADED)
        return True

    def steps(self, pipeline: Any, working: Working, offload_to: str | None = None) -> Iterator[tuple[str, Working]]:
        """Steps down, each done as it is asked for: what it is, and how the plate is worked from now on.

        offload_to: as in ``place``.
        """
        if SLICED not in self.taken and not _has_adapter(pipeline):
            pipeline.enable_attention_slicing("auto")
            yield self._record(SLICED), working
        if TILED not in self.taken:
            pipeline.vae.enable_slicing()
            pipeline.vae.enable_tiling()
            yield self._record(TILED), working
        if OFFLOADED not in self.taken and offload_to is not None:
            pipeline.enable_model_cpu_offload(device=offload_to)
            yield self._record(OFFLOADED), working
        while min(working.size) * SHRINK >= MIN_SIDE:
            working = smaller(working, SHRINK)
            yield f"the key is worked at {working.size[0]}x{working.size[1]}", working

    def _record(self, step: str) -> str:
        self.taken = (*self.taken, step)
        return step


def is_full(error: BaseException) -> bool:
    """Whether an error says that memory, the device's or the machine's, is full."""
    import torch

    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _FULL)


def free(pipeline: Any) -> None:
    """Gives back what the device holds for nobody."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _has_adapter(pipeline: Any) -> bool:
    """Slicing would replace the processors that an image adapter lives in."""
    return getattr(pipeline.unet, "encoder_hid_proj", None) is not None

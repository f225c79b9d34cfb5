"""Memory savings, applied one by one when the device's memory is full; each is reported."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stylize.renderers.diffusion.sizes import Working, smaller

# Factor on each side at every step, and the minimum side, in pixels, of a useful picture.
SHRINK, MIN_SIDE = 0.75, 256
SLICED = "attention is computed in slices"
TILED = "the autoencoder works in tiles"
OFFLOADED = "parts of the model are kept in main memory"
# Texts in out-of-memory errors of devices, of main memory, and of libraries other than PyTorch.
_FULL = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")


@dataclass
class MemorySavings:
    """Savings applied so far in this run. They persist, because memory would be full again without them."""

    taken: tuple[str, ...] = ()

    def place(self, pipeline: Any, device: str, offload_to: str | None) -> bool:
        """Move a pipeline to the device, or offload it if it does not fit; return whether it is offloaded.

        offload_to: the device that offloaded parts move to one at a time; None if it shares main memory.
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
        """Apply one saving per iteration; yield its description and the working size from then on.

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
            yield f"the key is painted at {working.size[0]}x{working.size[1]}", working

    def _record(self, step: str) -> str:
        self.taken = (*self.taken, step)
        return step


def is_full(error: BaseException) -> bool:
    """Return whether an error means that the memory of the device or the machine is full."""
    import torch

    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _FULL)


def free(pipeline: Any) -> None:
    """Release unused memory of the device."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _has_adapter(pipeline: Any) -> bool:
    """Return whether the pipeline has an image adapter, whose attention processors slicing would replace."""
    return getattr(pipeline.unet, "encoder_hid_proj", None) is not None

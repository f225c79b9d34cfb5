"""Memory savings, applied one by one when the device's memory is full; each is reported."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize.renderers.diffusion.sizes import Working, smaller

# Factor on each side at every step, and the minimum side, in pixels, of a useful picture.
SHRINK, MIN_SIDE = 0.75, 256
SLICED = "attention is computed in slices"
TILED = "the autoencoder works in tiles"
OFFLOADED = "parts of the model are kept in main memory"
RELEASED = "the models of other looks were released"
# Free memory that lets models stay loaded next to a new one, as a multiple of the size of its files: painting needs
# about as much again.
ROOM = 2
_MEMORY_INFO = Path("/proc/meminfo")
# Texts in out-of-memory errors of devices, of main memory, and of libraries other than PyTorch.
_FULL = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")


@dataclass
class MemorySavings:
    """Savings applied so far in this run. They persist, because memory would be full again without them."""

    taken: tuple[str, ...] = ()

    def place(
        self, pipeline: Any, device: str, offload_to: str | None, release: Callable[[], bool] = lambda: False
    ) -> bool:
        """Move a pipeline to the device, or offload it if it does not fit; return whether it is offloaded.

        offload_to: the device that offloaded parts move to one at a time; None if it shares main memory. release:
        releases other models, and returns whether there were any.
        """
        while True:
            try:
                pipeline.to(device)
            except (RuntimeError, MemoryError) as error:
                if not is_full(error):
                    raise
                reason = error.with_traceback(None)
            else:
                return False
            if release():
                continue
            if offload_to is None:
                raise reason
            break
        free()
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


def has_room(device: str, size: int) -> bool:
    """Return whether a model fits next to those that are loaded. size: that of its files, in bytes."""
    import torch

    if device == "cuda":
        free()
        return bool(torch.cuda.mem_get_info()[0] >= ROOM * size)
    try:
        lines = _MEMORY_INFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return False  # unknown
    free_bytes = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)
    return free_bytes >= ROOM * size


def free() -> None:
    """Release unused memory of the device."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _has_adapter(pipeline: Any) -> bool:
    """Return whether the pipeline has an image adapter, whose attention processors slicing would replace."""
    return getattr(pipeline.unet, "encoder_hid_proj", None) is not None

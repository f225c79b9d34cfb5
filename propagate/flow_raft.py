"""Recurrent all-pairs field transforms, RAFT (Teed and Deng, ECCV 2020), through torchvision."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from propagate.arrays import F32, Bytes, Floats

# The network works at 1/8 of the resolution, on a pyramid of four levels whose coarsest has two cells per side.
MULTIPLE = 8
MIN_SIDE = 128


class RaftFlow:
    """A FlowEstimator with weights, large or small, in 32-bit floats. Results are bit-identical on one device.

    Memory grows with the square of the number of pixels: about 5.3 (H W / 64)² bytes, 5.6 GB at 1920x1080.
    """

    def __init__(self, weights: Mapping[str, Any], identity: str) -> None:
        """weights: state dict of torchvision's raft_large or raft_small. identity: name of the weights in cache keys.

        Raises ValueError for weights of another network.
        """
        self.identity = identity
        self.device = _device()
        self._network = _network(weights).to(self.device)

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """See FlowEstimator. Raises ValueError for pictures of different sizes, MemoryError for very large ones."""
        import torch

        if source.shape != target.shape:
            raise ValueError(f"flow needs two pictures of the same size, not {source.shape} and {target.shape}")
        height, width = target.shape[:2]
        try:
            with torch.inference_mode(), _deterministic(self.device):
                flow = self._network(self._to_batch(target), self._to_batch(source))[-1]
                values = flow[0].permute(1, 2, 0).cpu().numpy()
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            needed = 5.3 * (height * width / 64) ** 2 / 1e9
            raise MemoryError(f"RAFT needs about {needed:.1f} GB of memory for {width}x{height}") from error
        return np.ascontiguousarray(values[:height, :width], F32)

    def cache_key(self) -> str:
        """Return the digest of the weights and the device."""
        return f"raft-{self.identity}-{self.device}"

    def _to_batch(self, picture: Bytes) -> Any:
        """Convert a picture (H, W, 3) to a batch (1, 3, H', W') in -1..1, with its right and bottom border repeated."""
        import torch

        sides = (max(MIN_SIDE, -(-side // MULTIPLE) * MULTIPLE) - side for side in picture.shape[:2])
        padded = np.pad(picture, (*((0, extra) for extra in sides), (0, 0)), mode="edge")
        planes = torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)[None])).to(self.device)
        return planes.to(torch.float32) / 127.5 - 1


def _network(weights: Mapping[str, Any]) -> Any:
    from torchvision.models.optical_flow import raft_large, raft_small

    # Only the large network learns to upsample its flow; the small one resizes it.
    large = any(name.startswith("mask_predictor.") for name in weights)
    network = (raft_large if large else raft_small)(weights=None, progress=False)
    try:
        network.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"expected weights of torchvision's raft_large or raft_small ({reason})") from error
    return network.eval()


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _deterministic(device: str) -> Any:
    """Context in which the bits of a result depend on the device alone."""
    import torch

    if device == "cuda":
        # No TF32, and no algorithm that is chosen by timing.
        return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    # oneDNN's convolutions are twice as fast, but their rounding depends on the number of threads.
    return torch.backends.mkldnn.flags(enabled=False)

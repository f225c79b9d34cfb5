"""RAFT with local weights. Nothing is downloaded; errors give the command that downloads the weights."""

import pickle
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from propagate.arrays import Bytes, Floats
from propagate.flow_raft import RaftFlow
from stylize.errors import FlowError
from stylize.project import digest_of

# File names of torchvision's weights in PyTorch's cache, in order of preference.
CACHED = ("raft_large_C_T_SKHT_V2-ff5fadd5.pth", "raft_small_C_T_V2-01064c6d.pth")
# Command that downloads the first of them with torchvision.
DOWNLOAD = 'python -c "from torchvision.models.optical_flow import Raft_Large_Weights as W; W.DEFAULT.get_state_dict()"'


class _GuardedRaft(RaftFlow):
    """RAFT that reports insufficient memory as FlowError."""

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        try:
            return super().__call__(source, target)
        except MemoryError as error:
            raise FlowError(f"{error}, more than is available; choose --flow dis, or reduce the plates") from error


def open_raft(weights: Path | None, threads: int | None = None) -> RaftFlow:
    """Return RAFT with the weights of a file; by default those in PyTorch's cache.

    threads: number of threads that PyTorch uses; None keeps its default. Raises FlowError if torch or torchvision is
    not installed, or if the weights are missing or belong to another model.
    """
    missing = [name for name in ("torch", "torchvision") if find_spec(name) is None]
    if missing:
        raise FlowError(
            f"--flow raft needs libraries that are not installed ({', '.join(missing)}); run pip install '.[raft]' in "
            "the source folder of stylize, or choose --flow dis"
        )
    try:
        import torch
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError, OSError) as error:
        raise FlowError(
            f"torch and torchvision cannot be imported ({_first_line(error)}); reinstall them with "
            "pip install '.[raft]' in the source folder of stylize, or choose --flow dis"
        ) from error
    if threads is not None:
        torch.set_num_threads(threads)
    path = weights or _find_cached(Path(torch.hub.get_dir()) / "checkpoints")
    try:
        return _GuardedRaft(_load(path), digest_of(path))
    except OSError as error:
        raise FlowError(
            f"the weights {path} cannot be read ({error.strerror or error}); check --flow-weights"
        ) from error
    except ValueError as error:
        raise FlowError(f"{path}: {_first_line(error)}; choose others with --flow-weights, or --flow dis") from error


def _find_cached(folder: Path) -> Path:
    for name in CACHED:
        if (folder / name).is_file():
            return folder / name
    raise FlowError(
        f"--flow raft found no weights, expected {folder / CACHED[0]}; give a file with --flow-weights, or download it "
        f"with: {DOWNLOAD}"
    )


def _load(path: Path) -> dict[str, Any]:
    """Return the tensors of a file, by name. Raises OSError if it is unreadable, ValueError if it holds other data."""
    if path.suffix.lower() == ".safetensors":
        if find_spec("safetensors") is None:
            raise ValueError("safetensors is not installed, run pip install '.[raft]' in the source folder of stylize")
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except SafetensorError as error:
            raise ValueError(f"not a complete .safetensors file ({_first_line(error)})") from error
    import torch

    try:
        # weights_only: the file is untrusted and must not run code.
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError, KeyError, AttributeError, ValueError) as error:
        raise ValueError("not a complete .pth file with only tensors") from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ValueError("expected a dictionary of weights")
    return found


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

"""torchvision, even where its compiled part does not match the installed torch: enough for RAFT and annotators."""

import importlib
import sys

import pytest

_kept = []


def torchvision_or_skip():
    """Make ``import torchvision`` work; skip where it is not installed, fail where it is but cannot be imported."""
    torch = pytest.importorskip("torch", reason="the extras raft and annotators install it")
    try:
        return pytest.importorskip("torchvision", reason="the extras raft and annotators install it")
    except RuntimeError:
        # The operators that its Python side registers for are declared and never called.
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")
        _kept.append(library)
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return importlib.import_module("torchvision")

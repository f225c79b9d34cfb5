"""torchvision, also where its compiled part does not fit the torch beside it: enough of it for RAFT and annotators."""

import importlib
import sys

import pytest

_kept = []


def torchvision_or_skip():
    """Makes ``import torchvision`` work; skips where it is not installed, fails where it is and cannot be imported."""
    torch = pytest.importorskip("torch", reason="the extras raft and annotators bring it")
    try:
        return pytest.importorskip("torchvision", reason="the extras raft and annotators bring it")
    except RuntimeError:
        # The operators that it registers its Python side for are declared, and never called.
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")
        _kept.append(library)
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return importlib.import_module("torchvision")

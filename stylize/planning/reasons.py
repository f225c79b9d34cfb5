"""Explanations in words of why a frame is a key."""

import numpy as np

from propagate.arrays import Floats

FIRST = "first frame of the shot"
ONLY = "shows the most of the shot"
OPENING = "shows the most of how the shot begins"
PAINTED = "painted"


def first_reason(place: int, only: bool) -> str:
    """Explain the place of the first picked key. place: in the shot, from 0. only: whether there is no other key."""
    if place == 0:
        return FIRST
    return ONLY if only else OPENING


def new_reason(new: Floats, spread: float, *, pair: bool = False) -> str:
    """Explain a later key. new: float32 (h, w), the new share of each cell, 0..1. spread: its mean.

    pair: whether the new content includes a pair of small objects, side by side.
    """
    total = float(new.sum())
    if total <= 0:
        return "the keys around it explain too little between them"
    if spread > 0.9:
        return "the whole picture is new"
    ys, xs = np.mgrid[0 : new.shape[0], 0 : new.shape[1]]
    height, width = new.shape
    across = _third((float((xs * new).sum()) / total + 0.5) / width, ("left", "middle", "right"))
    down = _third((float((ys * new).sum()) / total + 0.5) / height, ("top", "middle", "bottom"))
    where = across if down == "middle" else down if across == "middle" else f"{down} {across}"
    pair_note = "; among it a pair of small things, such as eyes" if pair else ""
    return f"{100 * spread:.0f} % of the picture is new (mostly {where}){pair_note}"


def limit_note(max_keys: int, coverage: float) -> str:
    """Describe the effect of a limit. coverage: mean share of the shot's frames, 0..1."""
    return f"with {max_keys} keyframe{'s' * (max_keys != 1)} at most, {100 * coverage:.0f} % of the shot is explained"


def _third(place: float, names: tuple[str, str, str]) -> str:
    return names[0] if place < 0.4 else names[1] if place < 0.6 else names[2]

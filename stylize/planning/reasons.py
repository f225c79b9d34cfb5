"""Reasons for the choice of a key, as text for users."""

import numpy as np

from propagate.arrays import Floats

FIRST = "first frame of the shot"
ONLY = "covers the most of the shot"
OPENING = "covers the most of the opening frames"
PAINTED = "painted"


def first_reason(place: int, only: bool) -> str:
    """Return the reason for the first key. place: position in the shot, from 0. only: there is no other key."""
    if place == 0:
        return FIRST
    return ONLY if only else OPENING


def new_reason(new: Floats, spread: float, *, pair: bool = False) -> str:
    """Return the reason for a later key.

    new: float32 (h, w), new share of each cell, 0..1. spread: its mean. pair: the new content includes a pair of small
    objects, side by side.
    """
    total = float(new.sum())
    if total <= 0:
        return "the neighbouring keys cover too little"
    if spread > 0.9:
        return "the whole picture is new"
    ys, xs = np.mgrid[0 : new.shape[0], 0 : new.shape[1]]
    height, width = new.shape
    across = _third((float((xs * new).sum()) / total + 0.5) / width, ("left", "middle", "right"))
    down = _third((float((ys * new).sum()) / total + 0.5) / height, ("top", "middle", "bottom"))
    where = across if down == "middle" else down if across == "middle" else f"{down} {across}"
    pair_note = ", including a pair of small objects such as eyes" if pair else ""
    return f"{100 * spread:.0f} % of the picture is new (mostly {where}){pair_note}"


def limit_note(max_keys: int, coverage: float) -> str:
    """Return a note about a limit that is too low. coverage: mean coverage of the shot's frames, 0..1."""
    return f"with at most {max_keys} keyframe{'s' * (max_keys != 1)}, {100 * coverage:.0f} % of the shot is covered"


def _third(place: float, names: tuple[str, str, str]) -> str:
    return names[0] if place < 0.4 else names[1] if place < 0.6 else names[2]

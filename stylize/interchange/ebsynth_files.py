"""A look as a folder for EbSynth: plates, its keys, its mattes, and an `.ebs` beside them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stylize.context.context import Work
from stylize.delivery.sequence import write_sequence
from stylize.interchange.ebsynth import check_keys, digits_of, ebs_of, synths
from stylize.interchange.layout import Places
from stylize.media.images import quantise, write_image
from stylize.media.safe_write import atomic_write, make_folder
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot
from stylize.media.targets import Encoding
from stylize.planning.picking import ShotPlan


def ebsynth_files(places: Places, shot: Shot, keys: Sequence[int], matted: bool) -> list[Path]:
    """All files of the folder. keys: their numbers. matted: there is a matte."""
    folder, digits = _folder(places), digits_of(shot.frames)
    inner = {name: Pattern(folder / name, "", digits, ".png") for name in ("video", "mask", "keys")}
    numbered = [inner["video"], *([inner["mask"]] if matted else [])]
    files = [pattern.path(frame) for pattern in numbered for frame in shot.frames]
    return [folder / f"{places.name}.ebs", *files, *(inner["keys"].path(key) for key in keys)]


def _folder(places: Places) -> Path:
    return places.folder / f"{places.name}_ebsynth"


def write_ebsynth(work: Work, shots: Sequence[ShotPlan], places: Places) -> Path:
    """Writes the folder, and returns it. Raises OutputError."""
    folder = _folder(places)
    frames, digits = work.shot.frames, digits_of(work.shot.frames)
    keys: Mapping[int, Path] = {frame: path for frame, path in work.keys.files().items() if frame in set(frames)}
    given = {"video": work.plates.paths, "keys": keys}
    for name, files in given.items():
        pattern = Pattern(folder / name, "", digits, ".png")
        chosen = [(frame, files[frame]) for frame in sorted(files) if frame in set(frames)]
        if chosen:
            write_sequence(chosen, pattern, encoding=Encoding(bits=8), overwrite=True)
        else:
            make_folder(pattern.folder)  # of keys, where the plate is the result
    if work.mattes is not None:
        make_folder(folder / "mask")
        for frame in frames:
            path = Pattern(folder / "mask", "", digits, ".png").path(frame)
            write_image(path, quantise(work.mattes.read(frame), np.uint8))
    made: list[tuple[int, int, int]] = []
    for plan in shots:
        if not plan.keys:
            continue  # the plate is the result: there is nothing to synthesise
        check_keys(plan.frames, keys)
        made += synths(plan.frames, [key for key in plan.keys if key in keys])
    with atomic_write(folder / f"{places.name}.ebs") as partial:
        partial.write_bytes(ebs_of(frames, made, work.mattes is not None))
    return folder

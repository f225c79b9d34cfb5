"""Folder for EbSynth, with `video/`, `keys/`, `mask/` and a project file (.ebs).

The format of .ebs files is not published. The project file follows observed ones (little endian, version EBS05) and is
a best effort. The folder can be used in EbSynth without it.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from propagate.split_at_keys import split_at_keys
from stylize.context.context import Context
from stylize.delivery.sequence import write_sequence
from stylize.errors import OutputError, SettingsError
from stylize.interchange.layout import Layout
from stylize.media.images import quantise, write_image
from stylize.media.safe_write import atomic_write, make_folder
from stylize.media.sequences import Pattern, name_range
from stylize.media.shot import Shot
from stylize.media.targets import Encoding
from stylize.planning.picking import ShotPlan

# EbSynth's defaults: weights of keys, video and mask, then mapping, de-flicker and diversity.
_WEIGHTS = (1.0, 4.0, 1.0, 10.0, 1.0, 3500.0)
_DETAIL_HIGH, _GPU = 1, 1
MIN_DIGITS = 4


def ebsynth_files(layout: Layout, shot: Shot, keys: Sequence[int], has_matte: bool) -> list[Path]:
    """Return all files of the folder. keys: frame numbers of the keys. has_matte: include the files of `mask/`.

    Raises SettingsError for negative frame numbers, which EbSynth's project files cannot hold.
    """
    if shot.frames[0] < 0:
        raise SettingsError(
            f"--export ebsynth: expected frame numbers of 0 or more, found {shot.frames[0]}; leave it out, or choose "
            "others with --frames"
        )
    folder, digits = _folder(layout), digits_of(shot.frames)
    inner = {name: Pattern(folder / name, "", digits, ".png") for name in ("video", "mask", "keys")}
    numbered = [inner["video"], *([inner["mask"]] if has_matte else [])]
    files = [pattern.path(frame) for pattern in numbered for frame in shot.frames]
    return [folder / f"{layout.name}.ebs", *files, *(inner["keys"].path(key) for key in keys)]


def _folder(layout: Layout) -> Path:
    return layout.folder / f"{layout.name}_ebsynth"


def write_ebsynth(context: Context, shots: Sequence[ShotPlan], layout: Layout) -> Path:
    """Write the folder, and return its path. Raises OutputError."""
    folder, seal = _folder(layout), context.shot_project.seal("")
    frames, digits = context.shot.frames, digits_of(context.shot.frames)
    keys: Mapping[int, Path] = {frame: path for frame, path in context.keys.files().items() if frame in set(frames)}

    def on_frame(frame: int) -> None:
        context.reporter.check()

    sources = {"video": context.plates.paths, "keys": keys}
    for name, files in sources.items():
        pattern = Pattern(folder / name, "", digits, ".png")
        chosen = [(frame, files[frame]) for frame in sorted(files) if frame in set(frames)]
        if chosen:
            write_sequence(chosen, pattern, encoding=Encoding(bits=8), overwrite=True, on_frame=on_frame, seal=seal)
        else:
            make_folder(pattern.folder)  # there are no keys if the matte is black, so that results equal plates
    if context.mattes is not None:
        make_folder(folder / "mask")
        for frame in frames:
            context.reporter.check()
            path = Pattern(folder / "mask", "", digits, ".png").path(frame)
            write_image(path, quantise(context.mattes.read(frame), np.uint8), seal=seal)
    ranges: list[tuple[int, int, int]] = []
    for plan in shots:
        if not plan.keys:
            continue  # results equal plates: there is nothing to synthesise
        _check_keys(plan.frames, keys)
        ranges += synths(plan.frames, [key for key in plan.keys if key in keys])
    with atomic_write(folder / f"{layout.name}.ebs", seal=seal) as partial:
        partial.write_bytes(ebs_of(frames, ranges, context.mattes is not None))
    return folder


def digits_of(frames: Sequence[int]) -> int:
    """Return the number of digits of frame numbers in the folder. EbSynth requires a fixed number."""
    return max(MIN_DIGITS, len(str(max(frames))))


def synths(frames: Sequence[int], keys: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    """Return (key, first frame, last frame) of each synthesis.

    A synthesis extends from the previous key to the next one, or to the ends of the shot.
    """
    ordered_keys = sorted(keys)
    found = {key: [key, key] for key in ordered_keys}
    for span in split_at_keys(frames, ordered_keys):
        if span.left is not None:
            found[span.left][1] = span.frames[-1] if span.right is None else span.right
        if span.right is not None:
            found[span.right][0] = span.frames[0] if span.left is None else span.left
    return tuple((key, first, last) for key, (first, last) in found.items())


def ebs_of(frames: Sequence[int], ranges: Sequence[tuple[int, int, int]], mask: bool) -> bytes:
    """Return the bytes of a project file. ranges: as returned by `synths`. mask: there is a folder `mask/`."""
    digits = digits_of(frames)
    name = f"/[{'#' * digits}].png"
    paths = [_packed_text("video" + name), _packed_text("mask" + name if mask else ""), _packed_text("keys" + name)]
    head = b"EBS05\0" + b"".join(paths) + struct.pack("<B6f", mask, *_WEIGHTS) + struct.pack("<I", len(ranges))
    entries = (
        struct.pack("<IBBII", key, 1, 1, first, last) + _packed_text(f"out-{key:0{digits}d}{name}")
        for key, first, last in ranges
    )
    # The tail is copied from observed files. Only the meaning of detail and GPU is known.
    tail = b"V02\0" + struct.pack("<B3xB", _DETAIL_HIGH, _GPU) + bytes.fromhex("0000f041c0020000")
    return head + b"".join(entries) + tail


def _check_keys(frames: Sequence[int], keys: Mapping[int, Path]) -> None:
    """Raise OutputError if a shot has no key, which EbSynth requires."""
    if not set(keys) & set(frames):
        raise OutputError(f"{name_range(frames)}: no key for EbSynth; run the render stage first")


def _packed_text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<I", len(data)) + data

"""Approval of a finished project: its keys are locked, and its frames become a golden project."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stylize import pipeline
from stylize.errors import ProjectError
from stylize.media.sequences import name_frames
from stylize.pick_candidates import lock_keys
from stylize.project import trusted_settings
from stylize.quality.new_golden import ApprovedLook, write_golden
from stylize.reporter import Reporter

# Folder of golden projects, next to that of the project, unless another is given.
GOLDENS = "golden"


@dataclass(frozen=True)
class Approval:
    """Approved project. keys: frames of the locked keys, by the name of the layer; "" without layers.

    golden: folder of the golden project. frames: number of its approved frames.
    """

    project: Path
    keys: dict[str, tuple[int, ...]]
    golden: Path
    frames: int


def approve(
    root: Path, goldens: Path | None, reporter: Reporter, *, trust: bool = False, allow: Sequence[str] = ()
) -> Approval:
    """Lock the keys of a finished project, and write its golden project; see ``stylize.approve``."""
    shot, stored = trusted_settings(root, {"trust": trust, "allow": allow}, reporter.message)
    settings = replace(stored, draft=False, scale=None, from_stage="propagate", to_stage="propagate")
    with pipeline.open_run(shot, settings, root, reporter) as run:
        result = run.run()
        remade = sorted({*result.redone, *(frame for layer in result.layers for frame in layer.redone)})
        if remade:
            raise ProjectError(
                f"{name_frames(remade)} did not match the present keys and settings and were regenerated; "
                "look at them, and approve again"
            )
        looks = []
        for look in run.look_runs:
            frames, files = {key for plan in look.shots for key in plan.keys}, look.context.keys.files()
            keys = {frame: files[frame] for frame in sorted(frames) if frame in files}
            looks.append(ApprovedLook(look.context.name, look.context.settings, keys))
            lock_keys(look.context.project, look.context.settings, keys)
        golden = (goldens or root.absolute().parent / GOLDENS) / root.absolute().name.removesuffix(root.suffix)
        write_golden(golden, shot, stored, tuple(looks), result.frames)
    return Approval(result.project, {look.name: tuple(look.keys) for look in looks}, golden, len(result.frames))

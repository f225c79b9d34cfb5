"""Export stage: the result, accompanying files for other programs, and the contact sheets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stylize.context.context import Context
from stylize.delivery import deliver
from stylize.delivery.associated_alpha import AssociatedPlates
from stylize.delivery.scene_linear import linear_plates
from stylize.delivery.sequence import KeptPlates
from stylize.interchange import handoff
from stylize.interchange.handoff import PlannedLook
from stylize.look_pipeline import LookResult, existing_frames
from stylize.media.stale_outputs import stale_warning
from stylize.media.targets import target_of
from stylize.planning.picking import ShotPlan
from stylize.session import Session
from stylize.settings.input_files import inputs_of
from stylize.spans.retouched import check_retouched
from stylize.threads import available_cpus


def finished_frames(context: Context) -> dict[int, Path]:
    """Return the files of all frames of a look.

    Raises OutputError for a missing frame, InputError for one that was changed by hand and is unsuitable.
    """
    check_retouched(context)
    paths = {frame: context.file("out", frame) for frame in context.shot.frames}
    deliver.check_complete(context.shot, paths)
    return paths


def _kept_plates(context: Context) -> KeptPlates | None:
    """Return plates with values that the finished pictures cannot hold; None for other shots."""
    matte = None if context.mattes is None else context.mattes.read
    shot, inputs, is_draft = context.shot, context.matte_inputs(context.shot.frames), context.draft is not None
    if shot.associated and not is_draft:
        return AssociatedPlates(shot, dict(zip(shot.frames, shot.files, strict=True)), matte, inputs)
    return linear_plates(shot, matte, inputs, draft=is_draft)


def export(
    session: Session,
    context: Context,
    results: Sequence[LookResult],
    shots: tuple[ShotPlan, ...],
    finished: Mapping[int, Path],
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Deliver the frames and accompanying files; return the files written, and notes.

    context: context of the whole shot, with the union of the layers as its matte. results: results of the looks, lowest
    layer first. shots: with the keyframes of all looks. finished: file of every frame.
    """
    total, done = len(finished), 0

    def on_frame(frame: int) -> None:
        nonlocal done
        done += 1
        context.progress("export", done, total)

    delivery = deliver.Delivery(
        context.shot, context.project, context.plates.paths, finished, inputs_of(context.settings),
        context.settings.overwrite, on_frame, deliver.encoding_of(context.settings),
        context.settings.threads or available_cpus(),
        _kept_plates(context),
    )  # fmt: skip
    label = "" if context.draft is None else context.draft.label
    shot, folder = context.shot, context.project.folder("export")
    target = target_of(context.settings.output, shot.name, folder, label, padding=shot.padding)
    notes = deliver.deliver(delivery, target)
    painted = [PlannedLook(look, result.shots) for look, result in zip(session.looks, results, strict=True)]
    stale_note = stale_warning(target, context.shot.frames)
    if stale_note is not None:
        context.message(stale_note)
    files = handoff.write_handoff(PlannedLook(context, shots), painted, target) if context.draft is None else ()
    sheet = context.project.root / "contact_sheet.png"
    keys = {f"key {look.name}".strip(): look.keys.files() for look in session.looks}
    deliver.deliver_contact_sheet(delivery, keys, [key.frame for plan in shots for key in plan.keyframes], sheet)
    for look, result in zip(session.looks, results, strict=True) if session.layered else ():
        layer_delivery = replace(delivery, project=look.project, finished=existing_frames(look))
        numbers = [key.frame for plan in result.shots for key in plan.keyframes]
        deliver.deliver_contact_sheet(
            layer_delivery, {"key": look.keys.files()}, numbers, look.project.root / sheet.name
        )
    context.progress("export", total, total)
    if context.draft is None:
        notes = (*notes, *handoff.handoff_notes(context.settings, context.shot, target))
    elif context.settings.export:
        context.message(f"--export {','.join(context.settings.export)} is skipped in a draft")
    return (target.path, sheet, *files), notes

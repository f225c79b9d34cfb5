"""Export stage: the result, accompanying files for other programs, and the contact sheets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stylize.context.context import Context
from stylize.context.shot_facts import footage, look_facts, look_references
from stylize.delivery import deliver
from stylize.delivery.associated_alpha import AssociatedPlates
from stylize.delivery.contact_sheet import Contents
from stylize.delivery.frame_choice import ShotKeys
from stylize.delivery.result_verdict import percentage
from stylize.delivery.scene_linear import linear_plates
from stylize.delivery.sequence import KeptPlates
from stylize.interchange import handoff
from stylize.interchange.handoff import PlannedLook
from stylize.look_pipeline import LookResult, existing_frames
from stylize.media.sequences import format_frames
from stylize.media.stale_outputs import stale_warning
from stylize.media.targets import target_of
from stylize.planning.picking import ShotPlan
from stylize.session import Session
from stylize.settings.input_files import inputs_of
from stylize.sheets import Fact
from stylize.spans.frame_errors import error_map, known_errors
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
    contents = _sheet_contents(context, shots, finished, keys)
    if session.layered:
        references = [one for look in session.looks for one in look_references(look.settings)]
        contents = replace(contents, judged=False, facts=_layer_facts(session), references=references)
    deliver.deliver_contact_sheet(delivery, contents, sheet)
    for look, result in zip(session.looks, results, strict=True) if session.layered else ():
        frames = existing_frames(look)
        layer_delivery = replace(delivery, project=look.project, finished=frames)
        contents = _sheet_contents(look, result.shots, frames, {"key": look.keys.files()})
        contents = replace(contents, name=f"{contents.name}, layer {look.name}")
        deliver.deliver_contact_sheet(layer_delivery, contents, look.project.root / sheet.name)
    context.progress("export", total, total)
    if context.draft is None:
        notes = (*notes, *handoff.handoff_notes(context.settings, context.shot, target))
    elif context.settings.export:
        context.message(f"--export {','.join(context.settings.export)} is skipped in a draft")
    return (target.path, sheet, *files), notes


def _sheet_contents(
    context: Context, shots: Sequence[ShotPlan], finished: Mapping[int, Path], keys: Mapping[str, Mapping[int, Path]]
) -> Contents:
    """Return the content of the contact sheet of a look, or of the whole shot."""
    errors = known_errors(context, [frame for plan in shots for frame in plan.frames])
    draft = "" if context.draft is None else f", {context.draft.label}"
    return Contents(
        context.shot.name, [ShotKeys(plan.frames, plan.keys) for plan in shots], context.plates.paths, finished, keys,
        errors, {frame: error_map(context, frame) for frame in errors},
        footage(context.shot, len(shots)) + draft, [*_result_facts(shots, errors), *look_facts(context.settings)],
        look_references(context.settings), min_gap=context.settings.min_gap, dropped=context.settings.drop_key,
        pixel_aspect=context.shot.pixel_aspect,
    )  # fmt: skip


def _result_facts(shots: Sequence[ShotPlan], errors: Mapping[int, float]) -> list[Fact]:
    """Return the keys, and the mean and the highest error."""
    keys = [key for plan in shots for key in plan.keys]
    facts = [Fact("keys", f"{len(keys)} ({format_frames(keys)})" if keys else "none")]
    if errors:
        worst = max(errors, key=lambda frame: (errors[frame], -frame))
        facts.append(Fact("mean error", percentage(sum(errors.values()) / len(errors))))
        facts.append(Fact("highest error", f"{percentage(errors[worst])}, frame {worst}"))
    return facts


def _layer_facts(session: Session) -> list[Fact]:
    names = ", ".join(look.name for look in session.looks)
    return [Fact("layers, from the lowest", names), Fact("sheets of layers", "layers/NAME/contact_sheet.png")]

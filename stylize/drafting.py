"""Draft of a shot: the same looks at a fraction of the size, in a subfolder of the project.

A draft is an ordinary run on scaled inputs: plates, painted keys, mattes, guides and motion vectors. It writes no files
of the full size except those that the full run reuses: unpacked mattes and guides, mattes found by networks, and the
choice of keyframes. Options that are lengths in pixels refer to the full size.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from stylize.context.context import Context, Draft, scale_name
from stylize.context.keys import Keys
from stylize.context.mattes import matte_extents
from stylize.context.scaled_inputs import scaled_guide, scaled_mattes
from stylize.errors import SettingsError
from stylize.ingest.draft_plates import draft_plates
from stylize.media.plates import plate_pattern
from stylize.media.scaling import draft_size
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot
from stylize.motion.estimated import Estimators
from stylize.motion.sources import make_motion
from stylize.motion.vectors import VectorFiles
from stylize.project import Project
from stylize.settings import Settings
from stylize.settings.readers import MAX_DRAFT, MIN_DRAFT

# Max number of pixels of a draft at the default scale: 960x540, enough to judge brush marks and lines.
AUTO_PIXELS = 960 * 540
# Min side of a draft in pixels. Smaller pictures do not have enough patches to match.
MIN_SIDE = 16


def draft_scale(settings: Settings, size: tuple[int, int]) -> Fraction | None:
    """Return the scale of a draft, or None for a run at full size. size: (width, height) of the shot.

    Raises SettingsError if the draft would be too small.
    """
    if not settings.draft and settings.scale is None:  # --scale implies --draft
        return None
    scale = settings.scale or _default_scale(size)
    width, height = draft_size(size, scale)
    if min(width, height) < MIN_SIDE:
        raise SettingsError(
            f"a draft at {scale} of {size[0]}x{size[1]} would be {width}x{height}, expected {MIN_SIDE} pixels or more "
            "on each side; choose a larger --scale, or leave out --draft"
        )
    return scale


def _default_scale(size: tuple[int, int]) -> Fraction:
    """Return the largest scale, 1/2 to 1/8, at which a shot of (width, height) has at most AUTO_PIXELS pixels."""
    divisors = range(MAX_DRAFT.denominator, MIN_DRAFT.denominator)
    fitting = (n for n in divisors if size[0] * size[1] <= AUTO_PIXELS * n * n)
    return Fraction(1, next(fitting, MIN_DRAFT.denominator))


def draft_shot(shot: Shot, scale: Fraction | None) -> Shot:
    """Return the shot at the size of a draft, or the shot itself if there is no scale."""
    return shot if scale is None else replace(shot, size=draft_size(shot.size, scale))


def draft_project(project: Project, scale: Fraction | None) -> Project:
    """Return the subproject of a draft of a locked project, or the project itself if there is no scale."""
    return project if scale is None else project.draft(scale_name(scale))


def draft_context(full: Context, source: Estimators | VectorFiles, project: Project, scale: Fraction) -> Context:
    """Return the context of the whole shot in a draft, with plates stored as files.

    full: context at full size, whose plates need not be files. source: source of the motion. project: project of the
    draft.
    """
    shot = draft_shot(full.shot, scale)
    full.message(f"draft at {scale}: {shot.size[0]}x{shot.size[1]}, in {project.root}")
    plates = draft_plates(full.shot, shot.size, project, full.progress)
    if isinstance(source, VectorFiles):
        source = replace(source, draft_size=shot.size)
    motion = make_motion(
        source,
        shot,
        plates,
        lambda frame: project.plate_digest(plates.paths[frame]),
        project.digest,
        project.folder("flow"),
    )
    return replace(
        full, shot=shot, project=project, shot_project=project, plates=plates, motion=motion, extents={}, mattes=None,
        guides=(), keys=_draft_keys(full.keys, shot, project), draft=Draft(scale, full),
    )  # fmt: skip


def draft_look(full: Context, shot_context: Context) -> Context:
    """Return the context of a look in a draft.

    full: context of the look at full size. shot_context: context of the whole shot in the draft.
    """
    assert shot_context.draft is not None
    shot, shot_project = shot_context.shot, shot_context.project
    project = shot_project.layer(full.name) if full.name else shot_project
    keys = _draft_keys(full.keys, shot, project)
    keys.import_keys(full.message)

    def pattern(folder: str, *name: str) -> Pattern:
        return plate_pattern(
            shot, shot_project.folder(folder) / "-".join(("scaled", *filter(None, (full.name, *name))))
        )

    mattes = full.mattes and scaled_mattes(full.mattes, shot.size, shot_project, pattern("mask"))
    guides = tuple(
        scaled_guide(guide, shot.size, shot_project, pattern("guides", str(number)))
        for number, guide in enumerate(full.guides, 1)
    )
    return replace(
        full, shot=shot, project=project, shot_project=shot_project, plates=shot_context.plates,
        motion=shot_context.motion, keys=keys, mattes=mattes, guides=guides,
        extents={} if mattes is None else matte_extents(mattes, project), draft=Draft(shot_context.draft.scale, full),
    )  # fmt: skip


def _draft_keys(full: Keys, shot: Shot, project: Project) -> Keys:
    pattern = plate_pattern(shot, project.folder("keys"))
    return Keys(
        project, pattern, full.frames, shot.size, None, full.is_partial, full, shot.colour, full.plates, shot.view
    )


def draft_looks(
    looks: Sequence[Context], shot_context: Context, source: Estimators | VectorFiles, project: Project, scale: Fraction
) -> tuple[Context, list[Context]]:
    """Return the contexts of the whole shot and of its looks in a draft; for arguments see ``draft_context``."""
    whole = draft_context(shot_context, source, project, scale)
    return whole, [draft_look(look, whole) for look in looks]

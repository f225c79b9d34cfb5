"""Cuts for display: those that were detected last, with the changes that are stored in the project."""

from stylize.planning.cut_edits import CutEdits
from stylize.review.known_records import known_records
from stylize.review.shown_project import Part, ShownProject


def shown_cuts(project: ShownProject, part: Part) -> tuple[int, ...]:
    """Return the first frames of new shots, ascending, as the next run will use them."""
    return edited(project, found_cuts(project, part))


def found_cuts(project: ShownProject, part: Part) -> tuple[int, ...]:
    """Return the cuts that were detected last; empty if detection has not run. A draft and the full size share them."""
    bases = (one.base for one in project.parts.values())
    for folder in dict.fromkeys((part.base, project.root, *bases)):
        value = known_records(folder).latest_fact("cuts")
        if isinstance(value, list):
            return tuple(one for one in value if isinstance(one, int) and project.has_frame(one))
    return ()


def edited(project: ShownProject, found: tuple[int, ...]) -> tuple[int, ...]:
    """Return cuts with the changes in the settings of the project."""
    settings = project.settings
    edits = CutEdits(settings.add_cut, settings.drop_cut)
    cuts = edits.apply(found if settings.split else ())
    return tuple(cut for cut in cuts if project.has_frame(cut) and cut != project.shot.frames[0])

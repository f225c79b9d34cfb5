"""Mattes that a run requests: from files, from the shot's alpha, or made by a network."""

from collections.abc import Callable, Mapping

from masks.extent import Extent
from stylize.context.mattes import NETWORK_FOLDER, Mattes, Shaping, alpha_mattes, matte_extents, open_mattes
from stylize.matting.networks import Segmentation, open_segmentation
from stylize.matting.segmenting import segment_shot
from stylize.media.images import make_folder
from stylize.media.plates import Plates, plate_pattern
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.settings import Settings
from stylize.settings.network_matte import is_network_matte, read_network_matte
from stylize.settings.option_types import ALPHA
from stylize.stages import stable_hash


def mattes_from_files(shot: Shot, settings: Settings, project: Project) -> Mattes | None:
    """Return the mattes that are files; None if there are none, or if they come from the plates.

    A preflight check for ``mattes_from_plates`` too, before the plates are files. Raises MatteError.
    """
    if settings.matte is None:
        return None
    if settings.matte == ALPHA:
        alpha_mattes(shot, {})
        return None
    if is_network_matte(settings.matte):
        _segmentation(settings, shot)
        return None
    return open_mattes(settings.matte, shot, shaping=shaping(settings), project=project)


def mattes_from_plates(
    settings: Settings, plates: Plates, project: Project, progress: Callable[[str, int, int], None], *, shared: bool
) -> Mattes | None:
    """Return the mattes made from the plates: their alpha, or a network's; None if files are requested.

    shared: whether layers share the project; layers with the same request share the mattes.
    """
    if settings.matte == ALPHA:
        return alpha_mattes(plates.shot, plates.paths, shaping(settings))
    if settings.matte is None or not is_network_matte(settings.matte):
        return None
    digest = stable_hash(settings.matte, str(settings.matte_model))[:12]
    return _segmented(settings, plates, project, f"{NETWORK_FOLDER}-{digest}" if shared else NETWORK_FOLDER, progress)


def effective_mattes(
    mattes: Mattes | None, project: Project, message: Callable[[str], None]
) -> tuple[Mattes | None, Mapping[int, Extent]]:
    """Return the mattes, None if they are white throughout, and their extents. project: caches the extents."""
    if mattes is None:
        return None, {}
    extents = matte_extents(mattes, project)
    if all(one.whole for one in extents.values()):
        return None, {}
    if all(one.box is None for one in extents.values()):
        message("the matte is black in all frames: there is nothing to stylise, and the plate is given back as it is")
    return mattes, extents


def shaping(settings: Settings) -> Shaping:
    """Return the shaping of mattes that the options request."""
    return Shaping(settings.matte_invert, settings.matte_grow - settings.matte_shrink, settings.matte_feather)


def _segmentation(settings: Settings, shot: Shot) -> Segmentation:
    assert settings.matte is not None
    assert settings.matte_model is not None
    return open_segmentation(settings.matte_model, read_network_matte(settings.matte), shot)


def _segmented(
    settings: Settings, plates: Plates, project: Project, folder: str, progress: Callable[[str, int, int], None]
) -> Mattes:
    """Return the mattes of a network, cached in the project, in a folder of mask/."""
    shot = plates.shot
    # A folder of its own: files that a person puts into mask/ stay.
    pattern = plate_pattern(shot, project.folder("mask") / folder)
    make_folder(pattern.folder)
    segment_shot(shot, project, plates, _segmentation(settings, shot), pattern.path, progress)
    return Mattes({frame: pattern.path(frame) for frame in shot.frames}, shot.size, shaping=shaping(settings))

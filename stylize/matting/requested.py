"""Mattes that a run requests: from files, from the shot's alpha, or made by a network."""

from collections.abc import Callable, Mapping

from masks.extent import Extent
from stylize.context.mattes import NETWORK_FOLDER, Mattes, alpha_mattes, matte_extents, shaping_of
from stylize.matting.networks import Segmentation, open_segmentation
from stylize.matting.segmenting import segment_shot
from stylize.media.images import make_folder
from stylize.media.plates import Plates, plate_pattern
from stylize.project import Project
from stylize.settings import Settings
from stylize.settings.network_matte import is_network_matte, read_network_matte
from stylize.settings.option_types import ALPHA
from stylize.stages import stable_hash


def check_network(settings: Settings) -> None:
    """Open the network that is asked for, if one is, to raise MatteError before any work."""
    if settings.matte is not None and is_network_matte(settings.matte):
        _segmentation(settings)


def mattes_from_plates(
    settings: Settings, plates: Plates, project: Project, progress: Callable[[str, int, int], None], *, shared: bool
) -> Mattes | None:
    """Return the mattes made from the plates: their alpha, or a network's; None if files are requested.

    shared: whether layers share the project; layers with the same request share the mattes.
    """
    if settings.matte == ALPHA:
        return alpha_mattes(plates.shot, plates.paths, shaping_of(settings))
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


def _segmentation(settings: Settings) -> Segmentation:
    assert settings.matte is not None
    assert settings.matte_model is not None
    return open_segmentation(settings.matte_model, read_network_matte(settings.matte))


def _segmented(
    settings: Settings, plates: Plates, project: Project, folder: str, progress: Callable[[str, int, int], None]
) -> Mattes:
    """Return the mattes of a network, cached in the project, in a folder of mask/."""
    shot = plates.shot
    # A folder of its own: files that a person puts into mask/ stay.
    pattern = plate_pattern(shot, project.folder("mask") / folder)
    make_folder(pattern.folder)
    segment_shot(shot, project, plates, _segmentation(settings), pattern.path, progress)
    return Mattes({frame: pattern.path(frame) for frame in shot.frames}, shot.size, shaping=shaping_of(settings))

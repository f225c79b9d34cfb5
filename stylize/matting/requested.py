"""The mattes that a run was asked to use: found where they lie, taken from the shot's alpha, or made by a network."""

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
    """The mattes that are files; None if there are none, or if they are made of the plates
    (``mattes_from_plates``).

    Says what is wrong with the latter too, before the plates are files. Raises MatteError.
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
    """The mattes that come of the plates: their alpha, or what a network finds; None where files were asked for.

    shared: by layers, which may ask for different things; those that ask for the same share what is found.
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
    """The mattes that make a difference, and how much of every frame they cover. project: that keeps the extents."""
    if mattes is None:
        return None, {}
    extents = matte_extents(mattes, project)
    if all(one.whole for one in extents.values()):
        return None, {}
    if all(one.box is None for one in extents.values()):
        message("the matte is black in all frames: there is nothing to stylise, and the plate is given back as it is")
    return mattes, extents


def shaping(settings: Settings) -> Shaping:
    """What the options say is to be done to the mattes."""
    return Shaping(settings.matte_invert, settings.matte_grow - settings.matte_shrink, settings.matte_feather)


def _segmentation(settings: Settings, shot: Shot) -> Segmentation:
    assert settings.matte is not None
    assert settings.matte_model is not None
    return open_segmentation(settings.matte_model, read_network_matte(settings.matte), shot)


def _segmented(
    settings: Settings, plates: Plates, project: Project, folder: str, progress: Callable[[str, int, int], None]
) -> Mattes:
    """What a network finds, kept in the project, in a folder of mask/."""
    shot = plates.shot
    # A folder of its own: what a person lays into mask/ stays.
    pattern = plate_pattern(shot, project.folder("mask") / folder)
    make_folder(pattern.folder)
    segment_shot(shot, project, plates, _segmentation(settings, shot), pattern.path, progress)
    return Mattes({frame: pattern.path(frame) for frame in shot.frames}, shot.size, shaping=shaping(settings))

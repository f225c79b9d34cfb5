"""Mattes that a run requests: files, the alpha of the shot, or those of a network."""

from collections.abc import Callable, Mapping

from masks.extent import Extent
from stylize.context.mattes import NETWORK_FOLDER, Mattes, alpha_mattes, matte_extents, shaping_of
from stylize.matting.crypto_mattes import check_crypto_matte, crypto_mattes
from stylize.matting.networks import Segmentation, open_segmentation
from stylize.matting.segmenting import segment_shot
from stylize.media.images import make_folder
from stylize.media.plates import Plates, plate_pattern
from stylize.media.sequences import format_frames
from stylize.media.shot import Shot
from stylize.planning.cut_edits import read_cut_edits
from stylize.project import Project, is_edited
from stylize.settings import Settings
from stylize.settings.crypto_matte import is_crypto_matte
from stylize.settings.network_matte import is_network_matte, read_network_matte
from stylize.settings.option_types import ALPHA
from stylize.stages import stable_hash


def check_request(settings: Settings, shot: Shot) -> None:
    """Preflight check of the requested network or Cryptomatte, if any. Raises MatteError."""
    if settings.matte is not None and is_crypto_matte(settings.matte):
        check_crypto_matte(shot, settings)
    if settings.matte is not None and is_network_matte(settings.matte):
        _segmentation(settings)


def mattes_from_plates(
    settings: Settings, plates: Plates, project: Project, progress: Callable[[str, int, int], None], *, shared: bool
) -> Mattes | None:
    """Return mattes that are made from the plates: their alpha, their Cryptomatte, or the mattes of a network.

    Returns None if files are requested. shared: layers share the project; those with the same request share their
    mattes.
    """
    if settings.matte == ALPHA:
        return alpha_mattes(plates.shot, plates.paths, shaping_of(settings))
    if settings.matte is not None and is_crypto_matte(settings.matte):
        return crypto_mattes(plates.shot, settings, project, progress)
    if settings.matte is None or not is_network_matte(settings.matte):
        return None
    return _segmented(settings, plates, project, network_folder(settings, shared=shared), progress)


def network_folder(settings: Settings, *, shared: bool) -> str:
    """Return the name of the folder in mask/ for the mattes of a network. shared: see ``mattes_from_plates``."""
    if not shared:
        return NETWORK_FOLDER
    request = [settings.matte, str(settings.matte_model)]
    if settings.segmenter is not None:
        request += [settings.segmenter, repr(settings.segmenter_options)]
    return f"{NETWORK_FOLDER}-{stable_hash(*request)[:12]}"


def effective_mattes(
    mattes: Mattes | None, project: Project, message: Callable[[str], None]
) -> tuple[Mattes | None, Mapping[int, Extent]]:
    """Return the mattes and their extents; None and no extents if all mattes are white. project: caches extents."""
    if mattes is None:
        return None, {}
    extents = matte_extents(mattes, project)
    if all(one.whole for one in extents.values()):
        return None, {}
    if all(one.box is None for one in extents.values()):
        message("the matte is black in all frames: there is nothing to stylise, and the result equals the plates")
    return mattes, extents


def _segmentation(settings: Settings) -> Segmentation:
    assert settings.matte is not None
    request = read_network_matte(settings.matte)
    return open_segmentation(settings.matte_model, request, settings.segmenter, settings.segmenter_options)


def _segmented(
    settings: Settings, plates: Plates, project: Project, folder: str, progress: Callable[[str, int, int], None]
) -> Mattes:
    """Return the mattes of a network, which are cached in a folder in mask/ of the project."""
    shot = plates.shot
    # A separate folder, so that the user's files in mask/ are kept.
    pattern = plate_pattern(shot, project.folder("mask") / folder)
    make_folder(pattern.folder)
    edited = {frame for frame in shot.frames if is_edited(project, pattern.path(frame))}
    if edited:
        project.message(
            f"{format_frames(edited)} in {pattern.folder}: changed by hand and used unchanged; delete them to "
            "regenerate them"
        )
    cut_edits = read_cut_edits(settings, shot.frames, is_partial=settings.frames is not None)
    segment_shot(
        shot, project, plates, _segmentation(settings), pattern.path, progress, kept=edited, cut_edits=cut_edits
    )
    return Mattes({frame: pattern.path(frame) for frame in shot.frames}, shot.size, shaping=shaping_of(settings))

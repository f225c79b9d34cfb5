"""View of a shot in linear light: measured once, chosen by rule, and recorded in the project."""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from propagate.arrays import Floats
from stylize.errors import SettingsError
from stylize.media.images import read_scene_frame
from stylize.media.ocio_view import OcioView, open_ocio_view
from stylize.media.sequences import find_sequence
from stylize.media.shot import Shot
from stylize.media.views import ShaperView
from stylize.media.working_spaces import REC709, to_space
from stylize.project import Project
from stylize.settings.option import is_given
from stylize.settings.reading_options import ReadingSettings
from stylize.stages import cache_key

# Log-average light that a view shows without a change of exposure, and the stops that it may differ by.
MIDDLE_GREY, TOLERATED_STOPS = 0.18, 3
# Least light that is encoded as white.
_LEAST_WHITE = 2.0
_LUMA = (0.2126, 0.7152, 0.0722)
# Distance of the pixels that the average is taken of. The range is that of all pixels.
_STRIDE = 4
# Records in the project: of measurements, and of the view that was used last.
_MEASURED, _LAST = "light", "view"
# Readers of files that are measured at once.
_READERS = 2
# Options that apply to linear light only.
_OPTIONS = ("clip", "exposure", "ocio")


@dataclass(frozen=True)
class LightRange:
    """Light of a shot, in Rec. 709. low, high: least and greatest finite value of all channels.

    average: log-average luminance of the pixels that are not black; None if all are.
    """

    low: float
    high: float
    average: float | None

    @property
    def fits_display(self) -> bool:
        """True if all values are 1 or less."""
        return self.high <= 1


def with_view(
    shot: Shot, settings: ReadingSettings, project: Project, progress: Callable[[str, int, int], None]
) -> Shot:
    """Return a shot with the view that the engine works on, if its files hold light above 1, and report the view.

    All files of the sequence are measured, also those that `--frames` leaves out, so that the view does not depend on
    the part that is processed. The project keeps the measurement until a file changes. Raises as ``viewed``.
    """
    measured: list[LightRange] = []

    def measure_once() -> LightRange:
        light = recorded_light(shot, project)
        if light is None:
            light = measure_light(shot, progress)
            record_light(shot, light, project)
        measured.append(light)
        return light

    result = viewed(shot, settings, measure_once)
    for light in measured:
        if isinstance(result.view, OcioView):
            _report_ocio(result, light, result.view, project)
        elif isinstance(result.view, ShaperView):
            _report(result, light, result.view, project)
    return result


def viewed(shot: Shot, settings: ReadingSettings, light_of: Callable[[], LightRange]) -> Shot:
    """Return a shot with the view that settings choose for its light, and report nothing.

    light_of: measures the light, which only shots in linear light need. Raises SettingsError for an option of linear
    light that does not apply.
    """
    given = [name for name in _OPTIONS if is_given(settings, name)]
    if not shot.linear:
        if given:
            raise SettingsError(f"--{given[0]} applies to EXR and float TIFF, found {shot.path}; leave it out")
        return shot
    if "clip" in given:
        return replace(shot, linear=False)
    if shot.deinterlacing is not None:
        raise SettingsError(
            f"{shot.path}: --deinterlace reads display-encoded pictures, found linear light; give --clip, which reads "
            "it so, or deinterlace it in the program that wrote it"
        )
    light = light_of()
    if settings.ocio and settings.input_space and settings.view:
        return replace(shot, view=open_ocio_view(settings.ocio, settings.input_space, settings.view, light.high))
    if light.fits_display and settings.exposure is None:
        return shot
    return replace(shot, view=choose_view(light, settings.exposure))


def _report_ocio(shot: Shot, light: LightRange, view: OcioView, project: Project) -> None:
    project.message(
        f"{shot.name} is scene-linear, {light.low:.3g} to {light.high:.4g}: its view is {view}; EXR keeps the range, "
        "other formats show the view"
    )
    if view.limit < light.high:
        project.message(f"warning: {view.view} shows no light above {view.limit:.3g}: painted highlights end there")


def choose_view(light: LightRange, stops: float | None = None) -> ShaperView:
    """Return the view for a range of light. stops: exposure to use; None chooses it.

    The exposure is 0 if the log-average is within 3 stops of middle grey, and else the whole number of stops that takes
    it there. White is a power of two.
    """
    if stops is None:
        away = 0.0 if light.average is None else math.log2(MIDDLE_GREY / light.average)
        stops = 0.0 if abs(away) <= TOLERATED_STOPS else float(round(away))
    highest = max(light.high * 2.0**stops, _LEAST_WHITE)
    return ShaperView(stops, 2.0 ** math.ceil(math.log2(highest)))


def measure(pixels: Floats, space: str) -> tuple[float, float, float, int]:
    """Return the least and the greatest light of a frame, the sum of log2 of its luminance, and the count of terms.

    pixels: linear RGB or premultiplied RGBA, float32 (H, W, 3 or 4).
    """
    light = to_space(pixels, space, REC709)[..., :3]
    finite = light[np.isfinite(light)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    red, green, blue = (light[::_STRIDE, ::_STRIDE, channel].astype(np.float64) for channel in range(3))
    with np.errstate(invalid="ignore"):  # infinities of unlike signs
        luminance = red * _LUMA[0] + green * _LUMA[1] + blue * _LUMA[2]
    lit = luminance[np.isfinite(luminance) & (luminance > 0)]
    return low, high, float(np.log2(lit).sum()), int(lit.size)


def recorded_light(shot: Shot, project: Project) -> LightRange | None:
    """Return the light of a shot that a project has recorded for the same files, or None."""
    stored = project.recall(_MEASURED, _light_key(shot, project))
    return None if stored is None else LightRange(*stored)


def measure_light(shot: Shot, progress: Callable[[str, int, int], None]) -> LightRange:
    """Measure the light of all files of a shot."""
    return _measure_files(list(find_sequence(shot.path).values()), shot.layer, progress)


def record_light(shot: Shot, light: LightRange, project: Project) -> None:
    """Record the light of a shot in a project."""
    project.remember(_MEASURED, _light_key(shot, project), [light.low, light.high, light.average])


def take_last_view(old: Project, new: Project) -> None:
    """Record the view that a project has used last in another one, so that a change of view is reported there."""
    if (last := old.recall(_LAST, _LAST)) is not None:
        new.remember(_LAST, _LAST, last)


def _light_key(shot: Shot, project: Project) -> str:
    return cache_key("view", shot.layer, [project.digest(file) for file in find_sequence(shot.path).values()])


def _measure_files(files: Sequence[Path], layer: str | None, progress: Callable[[str, int, int], None]) -> LightRange:
    def one(file: Path) -> tuple[float, float, float, int]:
        frame = read_scene_frame(file, layer)
        return measure(frame.pixels, frame.space)

    found = []
    with ThreadPoolExecutor(_READERS) as pool:
        for done, numbers in enumerate(pool.map(one, files), 1):
            found.append(numbers)
            progress("measure", done, len(files))
    count = sum(numbers[3] for numbers in found)
    average = 2.0 ** (math.fsum(numbers[2] for numbers in found) / count) if count else None
    return LightRange(min(numbers[0] for numbers in found), max(numbers[1] for numbers in found), average)


def _report(shot: Shot, light: LightRange, view: ShaperView, project: Project) -> None:
    project.message(
        f"{shot.name} is scene-linear, {light.low:.3g} to {light.high:.4g}: its view has {view}; EXR keeps the range, "
        "other formats show the view"
    )
    record: Mapping[str, float] = {"stops": view.stops, "white": view.white}
    before = project.recall(_LAST, _LAST)
    if before is not None and before != record:
        old = ShaperView(before["stops"], before["white"])
        project.message(
            f"warning: the view changed from {old}; keys painted for it no longer match the light: paint them "
            f"again, or keep the exposure with --exposure {old.stops:g}"
        )
    if before != record:
        project.remember(_LAST, _LAST, dict(record))

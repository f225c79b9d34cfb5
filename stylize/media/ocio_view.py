"""View of an OpenColorIO configuration: encoded by the view of a display, and decoded by its inverse.

OpenImageIO, which is required anyway, brings its own OpenColorIO.
"""

import hashlib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.errors import SettingsError
from stylize.media.images import quantise

# Prefix of configurations that OpenColorIO contains.
BUILT_IN = "ocio://"
_LARGEST_HALF = 65504
_CODES = np.float32(65535)
# Light that a view must return, its tolerance, and the steps of the check.
_LEAST_LIGHT, _TOLERANCE, _STEPS = 2.0**-6, 0.05, 64
_LISTED = 8


@dataclass(frozen=True)
class OcioView:
    """View of a display, as `views.View`. The working space that files declare does not matter.

    config: file, or name of a built-in configuration. digest: of its contents. space: that the plates are in. limit:
    light of a grey that the inverse still returns.
    """

    config: str = field(repr=False)
    digest: str
    space: str
    display: str
    view: str
    limit: float = field(default=0.0, repr=False)

    def encode(self, light: Floats, space: str) -> Floats:
        """See `views.View`."""
        finite = np.clip(light, -_LARGEST_HALF, _LARGEST_HALF)
        return np.clip(np.nan_to_num(self._transformed(finite, inverse=False)), 0, 1)

    def decode(self, values: Pixels, space: str) -> Floats:
        """See `views.View`."""
        light = self._transformed(values.astype(np.float32) / _CODES, inverse=True)
        return np.clip(np.nan_to_num(light), -_LARGEST_HALF, _LARGEST_HALF)

    def __str__(self) -> str:
        return f"{self.view} on {self.display}, from {self.space}"

    def _transformed(self, pixels: Floats, *, inverse: bool) -> Floats:
        from OpenImageIO import ImageBuf, ImageBufAlgo

        source = ImageBuf(np.ascontiguousarray(pixels, np.float32))
        result = ImageBufAlgo.ociodisplay(
            source, self.display, self.view, self.space, "", False, inverse, "", "", self.config
        )
        if result.has_error:
            way = "has no inverse" if inverse else "cannot be used"
            raise SettingsError(f"--view {self.view} {way} ({result.geterror().strip()}); choose another view")
        return np.asarray(result.get_pixels("float"), np.float32)


def open_ocio_view(config: str, space: str, view: str, high: float) -> OcioView:
    """Return a view of a configuration, checked for an inverse. high: greatest light of the shot.

    The default display is preferred, and then the first that has the view. Raises SettingsError if the configuration
    cannot be read, if it lacks the space or the view, or if the inverse does not return the shot's light above 1.
    """
    from OpenImageIO import ColorConfig

    if not config.startswith(BUILT_IN) and not Path(config).is_file():
        raise SettingsError(f"--ocio {config}: no such file, expected config.ocio or {BUILT_IN}default; check the path")
    found = ColorConfig(config)
    if message := found.geterror():
        raise SettingsError(f"--ocio {config} cannot be read ({message.strip()}); check the file")
    if found.getColorSpaceIndex(space) < 0:
        spaces = _listed(space, found.getColorSpaceNames())
        raise SettingsError(f"--input-space {space} is not in {config}, expected one of its spaces such as {spaces}")
    default = found.getDefaultDisplayName()
    displays = [default, *(one for one in found.getDisplayNames() if one != default)]
    display = next((one for one in displays if view in found.getViewNames(one)), None)
    if display is None:
        views = _listed(view, list(dict.fromkeys(name for one in displays for name in found.getViewNames(one))))
        raise SettingsError(f"--view {view} is not in {config}, expected one of its views such as {views}")
    opened = OcioView(config, _digest(config), space, display, view)
    limit = _limit(opened, high)
    if limit < min(high, 2):
        raise SettingsError(
            f"--view {view} shows no light above {limit:.3g}, and the shot has up to {high:.4g}, so that highlights "
            "would be lost; choose a view with a tone curve, leave out --ocio for the built-in view, or use --clip"
        )
    return OcioView(config, opened.digest, space, display, view, limit)


def _limit(view: OcioView, high: float) -> float:
    """Return the greatest light of a grey, up to that of the shot, that comes back from 16-bit codes."""
    ramp = np.geomspace(_LEAST_LIGHT, max(high, 1.0), _STEPS).astype(np.float32)
    grey = np.repeat(ramp[None, :, None], 3, axis=2)
    back = view.decode(quantise(view.encode(grey, ""), np.uint16), "")
    wrong = np.flatnonzero((np.abs(back - grey) > _TOLERANCE * grey).any(axis=2)[0])
    return float(max(high, 1.0)) if not wrong.size else float(ramp[wrong[0] - 1]) if wrong[0] else 0.0


def _digest(config: str) -> str:
    if config.startswith(BUILT_IN):
        from OpenImageIO import VERSION_STRING

        return f"{config} of OpenImageIO {VERSION_STRING}"
    return hashlib.blake2b(Path(config).read_bytes(), digest_size=16).hexdigest()


def _listed(wanted: str, names: list[str]) -> str:
    return ", ".join(get_close_matches(wanted, names, _LISTED, 0.3) or list(names)[:_LISTED])

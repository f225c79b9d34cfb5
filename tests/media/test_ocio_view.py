"""Views of an OpenColorIO configuration and their inverses."""

from pathlib import Path

import numpy as np
import pytest

from stylize.errors import SettingsError
from stylize.media.images import quantise
from stylize.media.ocio_view import open_ocio_view
from stylize.settings import Settings

CONFIG, SPACE = "ocio://default", "ACEScg"
FILMIC = """ocio_profile_version: 2
roles: {default: lin, scene_linear: lin, data: raw}
file_rules: [!<Rule> {name: Default, colorspace: default}]
displays:
  screen:
    - !<View> {name: log, colorspace: log}
    - !<View> {name: grey, colorspace: grey}
active_displays: []
active_views: []
colorspaces:
  - !<ColorSpace> {name: lin}
  - !<ColorSpace> {name: raw, isdata: true}
  - !<ColorSpace>
    name: log
    from_scene_reference: !<LogAffineTransform>
      {base: 2, lin_side_offset: 0.01, log_side_slope: 0.07, log_side_offset: 0.5}
  - !<ColorSpace>
    name: grey
    from_scene_reference: !<MatrixTransform>
      {matrix: [0.3, 0.6, 0.1, 0, 0.3, 0.6, 0.1, 0, 0.3, 0.6, 0.1, 0, 0, 0, 0, 1]}
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.ocio"
    path.write_text(FILMIC)
    return str(path)


def test_light_comes_back(config: str) -> None:
    view = open_ocio_view(config, "lin", "log", 30)
    light = np.random.default_rng(1).uniform(0.01, 30, (4, 5, 3)).astype(np.float32)
    codes = quantise(view.encode(light, "rec709"), np.uint16)
    np.testing.assert_allclose(view.decode(codes, "rec709"), light, rtol=2e-3, atol=1e-4)
    assert codes.max() < 65535
    assert view.display == "screen"
    assert config not in repr(view)


def test_change_of_the_configuration_is_a_change_of_the_view(config: str) -> None:
    before = repr(open_ocio_view(config, "lin", "log", 30))
    Path(config).write_text(FILMIC.replace("0.07", "0.06"))
    assert repr(open_ocio_view(config, "lin", "log", 30)) != before


@pytest.mark.slow
def test_tone_curve_of_aces_returns_highlights() -> None:
    view = open_ocio_view(CONFIG, SPACE, "ACES 2.0 - SDR 100 nits (Rec.709)", 16)
    light = np.repeat(np.geomspace(0.02, 16, 30, dtype=np.float32)[None, :, None], 3, axis=2)
    np.testing.assert_allclose(view.decode(quantise(view.encode(light, ""), np.uint16), ""), light, rtol=0.02)


@pytest.mark.parametrize(
    ("space", "view", "message"),
    [
        ("line", "log", r"--input-space line is not in .*config\.ocio, expected one of its spaces such as lin"),
        ("lin", "logg", r"--view logg is not in .*, expected one of its views such as log"),
        ("lin", "grey", r"--view grey has no inverse \(.*\); choose another view"),
    ],
)
def test_refusals(config: str, space: str, view: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        open_ocio_view(config, space, view, 4)


def test_view_that_clips_is_refused_for_light_above_it() -> None:
    with pytest.raises(SettingsError, match=r"--view Raw shows no light above .*, and the shot has up to 4"):
        open_ocio_view(CONFIG, SPACE, "Raw", 4)
    assert open_ocio_view(CONFIG, SPACE, "Raw", 0.9).limit >= 0.9


def test_missing_and_damaged_configurations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no\.ocio: no such file"):
        open_ocio_view(str(tmp_path / "no.ocio"), "lin", "log", 1)
    (tmp_path / "bad.ocio").write_text("{")
    with pytest.raises(SettingsError, match=r"bad\.ocio cannot be read"):
        open_ocio_view(str(tmp_path / "bad.ocio"), "lin", "log", 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ocio": CONFIG}, "--ocio needs --input-space NAME and --view NAME"),
        ({"view": "log"}, "--view needs --ocio CONFIG"),
        ({"ocio": CONFIG, "input_space": "a", "view": "b", "clip": True}, "--clip and --ocio are two views"),
    ],
)
def test_options_that_contradict(options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings(**options)  # type: ignore[arg-type]

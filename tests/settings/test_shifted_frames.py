"""Settings for a shot whose frames have other numbers."""

import pytest

from stylize.settings import Settings
from stylize.settings.shifted_frames import shifted_settings

FRAMES = range(1, 41)


def shifted(**given: object) -> Settings:
    return shifted_settings(Settings(**given), -5, FRAMES)


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ({"keyframes": "3,6,40"}, "keyframes", (1, 35)),
        ({"add_key": "7", "drop_key": "9,90"}, "add_key", (2,)),
        ({"add_key": "7", "drop_key": "9,90"}, "drop_key", (4,)),
        ({"frames": "10-20x2"}, "frames", "5, 7, 9, 11, 13, 15"),
        ({"frames": "1-10"}, "frames", "1-5"),
        ({"frames": "1-3"}, "frames", None),
        ({"matte": "click:3,4@12 box:1,2,3,4@20", "matte_model": "o/n"}, "matte", "click:3,4@7 box:1,2,3,4@15"),
        ({"matte": "mattes/"}, "matte", "mattes"),
        ({"coverage": 0.5, "seed": 9}, "seed", 9),
    ],
)
def test_numbers_of_frames_move(given: dict[str, object], name: str, expected: object) -> None:
    assert getattr(shifted(keys="k", style="a.png", **given), name) == expected


def test_schedules_move() -> None:
    given = {"renderer": "diffusion", "model": "o/n", "control": "depth=d/:(0: 0.2, 40: 0.8)"}
    found = shifted(prompt='0: "a 7: b", 40: "say \\"x\\""', denoise="10: 0.2, 20: 0.9", **given)
    assert found.prompt == '-5: "a 7: b", 35: "say \\"x\\""'
    assert found.denoise.points == ((5, 0.2), (15, 0.9))
    assert found.control[0].strength.weight.points == ((-5, 0.2), (35, 0.8))
    assert Settings(**found.stored()) == found


def test_layers_move() -> None:
    found = shifted(layers=[{"style": "a.png", "add_key": "30"}, {"style": "b.png", "matte": "m/"}])
    assert dict(found.layers[0].values)["add_key"] == (25,)


def test_options_given_with_the_new_numbers_stay() -> None:
    settings = Settings(style="a.png", add_key=(20, 30), layers=[{"drop_key": "31"}, {"matte": "m/"}])
    found = shifted_settings(settings, -5, FRAMES, ("add_key", "layers"))
    assert (found.add_key, found.layers) == (settings.add_key, settings.layers)
    layer = shifted_settings(settings, -5, FRAMES, ("add_key",))
    assert (layer.add_key, dict(layer.layers[0].values)["drop_key"]) == ((20, 30), (26,))
    assert shifted_settings(settings, -5, FRAMES, ("layers",)).add_key == (15, 25)

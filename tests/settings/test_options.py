from fractions import Fraction
from pathlib import Path

import pytest

from stylize.errors import SettingsError
from stylize.settings import GROUPS, MAIN, OPTIONS, STAGES, Settings, read_settings


def test_values_from_text_equal_values_from_python():
    asked = Settings(style="ref.png", keyframes="12,40-41", rate="23.976", structure="0.25", frames="10-50x2")
    assert asked.style == Path("ref.png")
    assert asked.keyframes == (12, 40, 41)
    assert asked.rate == Fraction(24000, 1001)
    assert asked.structure == 0.25
    assert asked == Settings(
        style=Path("ref.png"), keyframes=[41, 12, 40], rate=Fraction(24000, 1001), structure=0.25, frames="10-50x2"
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("structure", 2, "--structure must be a number from 0 to 1, not '2'"),
        ("structure", "nan", "from 0 to 1"),
        ("structure", True, "from 0 to 1"),
        ("coverage", "most", "from 0 to 1"),
        ("max_keyframes", 0, "a whole number of 1 or more"),
        ("max_keyframes", 1.5, "a whole number of 1 or more"),
        ("renderer", "oil", "one of example, painted, diffusion"),
        ("rate", "24/0", "23.976 or 24000/1001"),
        ("rate", -1, "23.976 or 24000/1001"),
        ("frames", "50-10", "smaller number first"),
        ("frames", "few", "1001-1100"),
        ("keyframes", "first", "1001-1100"),
        ("style", "", "a path"),
        ("overwrite", "yes", "true or false"),
        ("seed", None, "a whole number"),
        ("on", "fours", "one of auto, ones, twos, threes"),
        ("boil", 1.5, "from 0 to 1"),
        ("boil", "-0.1", "from 0 to 1"),
        ("jobs", 0, "a whole number from 1 to 256"),
        ("jobs", "two", "a whole number from 1 to 256"),
    ],
)
def test_bad_value_is_reported_with_the_expectation(name, value, message):
    with pytest.raises(SettingsError, match=r"must be|frames") as error:
        Settings(**{name: value})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_setting_without_effect_is_refused():
    with pytest.raises(SettingsError, match="--style PICTURE"):
        Settings(structure=0.9)
    with pytest.raises(SettingsError, match="--matte PATH"):
        Settings(matte_invert=True)
    for unused in ({"matte_grow": 2}, {"matte_shrink": 2}, {"matte_feather": 2}):
        with pytest.raises(SettingsError, match="--matte PATH"):
            Settings(**unused)
    with pytest.raises(SettingsError, match="cancel each other"):
        Settings(matte="m.png", matte_grow=3, matte_shrink=1)
    for unused in ({"seed": 5}, {"coverage": 0.2}, {"max_keyframes": 2}, {"optimise_for": "worst"}):
        with pytest.raises(SettingsError, match="all keys are painted"):
            Settings(keys="painted", **unused)
    assert Settings(keys="painted", seed=5, boil=0.3).seed == 5
    with pytest.raises(SettingsError, match="--from export comes after --to pick"):
        Settings(from_stage="export", to_stage="pick")


def test_named_keyframes_and_picking_options_are_exclusive():
    with pytest.raises(SettingsError, match="frame 7 is in both --add-key and --drop-key"):
        Settings(add_key=(5, 7), drop_key=(7,))
    picking = ({"max_keyframes": 2}, {"min_gap": 4}, {"coverage": 0.9}, {"coverage": 0.9, "refine": 2})
    for unused in (*picking, {"optimise_for": "worst"}):
        with pytest.raises(SettingsError, match="--keyframes names the keyframes"):
            Settings(keyframes=(1, 4), **unused)
    with pytest.raises(SettingsError, match="frame 33 of --drop-key is not among the --keyframes"):
        Settings(keyframes=(1, 40), drop_key=(40, 33))
    assert Settings(keyframes=(1, 40), drop_key=(33,), refine=1, style="ref.png").drop_key == (33,)
    with pytest.raises(SettingsError, match="--style PICTURE"):
        Settings(keys_budget="10m")
    with pytest.raises(SettingsError, match="--drop-key has no effect if all keys are painted"):
        Settings(keys="painted", drop_key=(4,))


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), (75, 75)])
def test_durations_are_read_with_units(text, seconds):
    assert Settings(style="ref.png", keys_budget=text).keys_budget == seconds


@pytest.mark.parametrize("text", ["10", "", "m", "10 minutes", "0s", "-5m", "s90", "99999999h"])
def test_invalid_durations_are_refused(text):
    with pytest.raises(SettingsError, match="--keys-budget must be a time such as 90s, 10m or 1h30m"):
        Settings(style="ref.png", keys_budget=text)


def test_keyframes_may_be_frames_or_a_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    option = OPTIONS["keyframes"]
    assert Settings(keyframes="keys.csv").keyframes == Path("keys.csv")
    assert option.resolve(Settings(keyframes=Path("keys.csv")).stored()["keyframes"]) == str(tmp_path / "keys.csv")
    assert option.resolve(Settings(keyframes=(9, 1)).stored()["keyframes"]) == "1,9"
    assert Settings(add_key=["4-6", "2"], drop_key=(1,)).add_key == (2, 4, 5, 6)


def test_stored_settings_read_back_as_they_were():
    asked = Settings(style="ref.png", keyframes=(1, 9), rate="24000/1001", split=False, seed=3, overwrite=True)
    stored = asked.stored()
    assert "overwrite" not in stored  # specific to one run
    assert "matte" not in stored
    again = read_settings(stored, "project.toml")
    assert again.stored() == stored
    assert again.rate == Fraction(24000, 1001)
    assert again.split is False


def test_misspelt_setting_lists_existing_ones():
    with pytest.raises(SettingsError, match=r"'strukture', did you mean 'structure'.*keep_colours") as error:
        read_settings({"strukture": 0.5}, "x.stylize/project.toml")
    assert str(error.value).startswith("x.stylize/project.toml: ")
    with pytest.raises(SettingsError, match=r"project.toml: --structure must be"):
        read_settings({"structure": 9}, "project.toml")


def test_every_option_has_a_group_flag_and_help():
    assert {option.group for option in OPTIONS.values()} == set(GROUPS)
    assert [o.name for o in OPTIONS.values() if o.group == MAIN] == ["style", "keys", "keyframes", "output", "frames"]
    flags = [flag for option in OPTIONS.values() for flag in option.flags]
    assert len(flags) == len(set(flags))
    assert "--no-split" in flags
    assert all(option.help for option in OPTIONS.values())


def test_matte_is_a_path_or_a_keyword(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    resolve = OPTIONS["matte"].resolve
    assert resolve(Settings(matte="alpha").matte) == "alpha"
    assert resolve(Settings(matte="auto", matte_model="m.onnx").matte) == "auto"
    with pytest.raises(SettingsError, match=r"--matte-model FILE\.onnx"):
        Settings(matte="auto")
    with pytest.raises(SettingsError, match="--matte-model needs --matte auto"):
        Settings(matte="m.png", matte_model="m.onnx")
    assert resolve(Settings(matte=Path("alpha")).matte) == resolve("./alpha") == str(tmp_path / "alpha")
    assert Settings(matte=Path("m.png")).matte == "m.png"


def test_stage_ranges_are_validated():
    part = Settings(from_stage="pick", to_stage="render")
    assert [stage for stage in STAGES if part.runs(stage)] == ["pick", "render"]


def test_pace_and_number_of_processes_are_validated():
    asked = Settings(on="twos", boil="0.3", jobs="4")
    assert (asked.on, asked.boil, asked.jobs) == ("twos", 0.3, 4)
    assert asked.stored() == {"on": "twos", "boil": 0.3}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"export": ("foo",)}, "--export must be some of .*, not 'foo'$"),
        ({"export": ["otio", "foo"]}, "not 'otio, foo'$"),
        ({"add_key": ("1", -3.5)}, "not '1, -3.5'$"),
    ],
)
def test_given_values_are_displayed_as_written(given, message):
    with pytest.raises(SettingsError, match=message):
        Settings(**given)

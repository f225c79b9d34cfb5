"""Settings read back unchanged from a project file: every option, over generated values, and in combination."""

import tomllib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from stylize import limits
from stylize.errors import SettingsError
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.registrations import EXPORTERS
from stylize.project import Project, read_project
from stylize.settings import MATTE_OPTIONS, OPTIONS, MatteSettings, Option, Settings, read_settings
from stylize.settings import option_types as types
from stylize.settings.comparison_options import COMPARED_OPTIONS
from stylize.settings.conditions import CONTROLS
from stylize.settings.extension_options import EXTENSION_OPTIONS
from stylize.settings.look_options import LOOK_OPTIONS
from stylize.settings.samplers import SAMPLERS

Texts = st.SearchStrategy[Any]

LETTERS = "abz 059_-.:#,=()'\"\\é漢"
# File names with all characters that are special in options; absolute, so that they do not depend on the folder.
NAMES = st.text(LETTERS, min_size=1, max_size=10).filter(lambda name: name.strip(".") and name == name.strip())
PATHS = NAMES.map("/shots/{}".format)
WORDS = st.text(max_size=20)
FRAMES = st.integers(0, 10**7)
WEIGHTS = st.floats(0, 2)
PIXELS = st.floats(0, 10**7)


def numbers(low: float, high: float) -> Texts:
    return st.floats(low, high) | st.integers(int(low), int(high)).map(str)


def schedules(low: float, high: float) -> Texts:
    points = st.dictionaries(FRAMES, st.floats(low, high), min_size=2, max_size=4)
    return st.floats(low, high) | points.map(lambda p: ", ".join(f"{n}: {v!r}" for n, v in sorted(p.items())))


@st.composite
def strengths(draw: st.DrawFn) -> str:
    """A weight, constant or by frame, and the share of the steps; without exponents, as people write them."""
    start, end = sorted(draw(st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True)))
    weight = draw(
        WEIGHTS.map("{:.20f}".format) | schedules(0, 2).filter(lambda s: isinstance(s, str)).map("({})".format)
    )
    return draw(st.sampled_from(["", f":{weight}", f":{weight}:{start:.20f}-{end:.20f}"]))


def joined(separator: str, *parts: Texts) -> Texts:
    return st.tuples(*parts).map(lambda texts: separator.join(map(str, texts)))


def several(one: Texts) -> Texts:
    return st.lists(one, min_size=1, max_size=3)


def boxes() -> Texts:
    corners = st.lists(PIXELS, min_size=2, max_size=2, unique=True).map(sorted)
    return st.tuples(corners, corners, FRAMES).map(
        lambda b: f"{b[0][0]:.20f},{b[1][0]:.20f},{b[0][1]:.20f},{b[1][1]:.20f}@{b[2]}"
    )


RANGES = st.tuples(FRAMES, st.integers(0, 99), st.integers(1, 9)).map(lambda r: f"{r[0]}-{r[0] + r[1]}x{r[2]}")
CLICKS = st.tuples(PIXELS, PIXELS, FRAMES).map(lambda c: f"{c[0]:.20f},{c[1]:.20f}@{c[2]}")
SCHEDULED_WORDS = st.dictionaries(FRAMES, st.text("ab ,:{}[]()", max_size=8), min_size=1, max_size=3).map(
    lambda points: ", ".join(f'{frame}: "{text}"' for frame, text in sorted(points.items()))
)
RATES = st.tuples(st.integers(1, 10**6), st.integers(1, 10**4)).map(lambda r: f"{r[0]}/{r[1]}")
LEVELS = st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True).map(lambda pair: f"{pair[0]!r}:{pair[1]!r}")

VALUES: Mapping[types.OptionType, Texts] = {
    types.PATH: PATHS,
    types.REFERENCES: several(PATHS | PATHS.map(Path)) | PATHS,
    types.PATHS: several(PATHS | PATHS.map(Path)) | PATHS,
    types.FOLDER: PATHS,
    types.TARGET: PATHS | PATHS.map("{}/".format),
    types.GUIDES: several(PATHS | PATHS.map(Path) | joined(":", PATHS, st.floats(0, 1000, exclude_min=True))),
    types.MATTE_SOURCE: PATHS
    | st.sampled_from(["alpha", "auto", "auto:person", "crypto:/set/chair, left"])
    | CLICKS.map("click:{}".format)
    | boxes().map("box:{}".format),
    types.DEPTH_SOURCE: PATHS | st.just("auto"),
    types.MATTE_MODEL: PATHS | st.just("owner/name"),
    types.CLICKS: several(CLICKS),
    types.EXCLUDED: several(CLICKS),
    types.BOXES: several(boxes()),
    types.SCREEN: st.sampled_from(["green", "Blue", "#14B43c"]),
    types.LEVELS: LEVELS,
    types.MATTE_KEYS: several(joined(":", FRAMES, PATHS)),
    types.MODEL: PATHS | st.just("owner/name"),
    types.CONTROL: several(
        joined("", st.sampled_from(CONTROLS), strengths()) | joined("", st.just("depth="), PATHS, strengths())
    ),
    types.CONTROL_MODEL: several(joined("=", st.sampled_from(CONTROLS), PATHS | st.just("owner/name"))),
    types.LORAS: several(joined("", PATHS | st.just("hf://owner/name/file"), strengths())),
    types.ADAPTER: joined("", PATHS | st.just("hf://owner/name/file"), strengths()),
    types.SAMPLER: st.sampled_from(list(SAMPLERS)).map(str.lower),
    types.WORDS: WORDS | SCHEDULED_WORDS,
    types.FLAG: st.booleans(),
    types.RANGE: RANGES,
    types.FRAMES: st.lists(FRAMES, max_size=5) | RANGES,
    types.FEW_FRAMES: st.lists(FRAMES, max_size=5) | st.sampled_from(["1-3,9", "12", 40]),
    types.SEEDS: st.lists(FRAMES, max_size=5) | st.sampled_from(["1-3,9", "12", 0]),
    types.LOOK_SCALE: st.sampled_from([1, "1", "1/2", "1/8", 0.25, Fraction(1, 3)]),
    types.KEYS: st.lists(FRAMES, min_size=1, max_size=5) | RANGES | PATHS.map("{}.csv".format) | PATHS.map(Path),
    types.DURATION: st.floats(1, 366 * 24 * 3600)
    | st.tuples(st.integers(1, 999), st.sampled_from("hms")).map("{0[0]}{0[1]}".format),
    types.DRAFT_SCALE: st.sampled_from(["1/2", "1/3", "1/7", "0.125", 0.25, Fraction(1, 8)]),
    types.RATE: RATES | st.sampled_from(["23.976", "24", 25]),
    types.STOPS: numbers(-20, 20),
    types.OCIO_CONFIG: PATHS | st.just("ocio://default"),
    types.NAME: st.sampled_from(["beauty", "Linear Rec.709 (sRGB)", " rgba "]),
    types.SHARE: numbers(0, 1),
    types.CANDIDATE_COUNT: st.integers(2, 16),
    types.COUNT: st.integers(1, 10**9),
    types.THREADS_COUNT: st.integers(1, limits.THREADS),
    types.PROCESSES_COUNT: st.integers(1, limits.PROCESSES),
    types.MEGAPIXELS: st.integers(1, limits.MOST_MEGAPIXELS),
    types.MATTE_PIXELS: st.integers(0, 500),
    types.NUMBER: st.integers(0, 2**31 - 1),
    types.STEPS: st.integers(1, 1000),
    types.EXPORT_KINDS: several(st.sampled_from(sorted(BUILT_IN[EXPORTERS]))),
    types.BITS: st.sampled_from([8, "16"]),
    types.GUIDANCE: schedules(1, 100),
    types.SCHEDULED_SHARE: schedules(0, 1),
    types.TARGET_URL: st.sampled_from(["http://127.0.0.1:7860", "https://host.example/base", "http://[::1]:80/"]),
    types.ALLOWED: several(PATHS | st.just("http://127.0.0.1:7860") | st.just("owner/name")),
    EXTENSION_OPTIONS: st.dictionaries(
        st.from_regex("[a-z]{1,6}", fullmatch=True),
        st.booleans() | st.integers(-9, 9) | st.floats(0, 1) | WORDS,
        max_size=3,
    ),
    types.RETRIES: st.integers(0, 20),
    types.SKIP: st.integers(1, 12),
    types.SIDE: st.integers(64, 4096),
    types.FACTOR: st.floats(1.1, 8),
}


def values_of(option: Option) -> Texts:
    """Values that an option accepts, as people write them."""
    if option.name == "layers":
        return st.lists(layers(), min_size=1, max_size=3)
    if option.type in VALUES:
        return VALUES[option.type]
    assert option.type.description.startswith("one of "), f"no values are generated for {option.flags[-1]}"
    return st.sampled_from(option.type.description.removeprefix("one of ").split(", "))


def layers() -> Texts:
    """A layer as a table."""
    names = st.lists(
        st.sampled_from([one.name for one in STORED if one.name in LOOK_OPTIONS and one.name != "matte"]),
        max_size=4,
        unique=True,
    )
    chosen = names.flatmap(lambda some: st.fixed_dictionaries({name: values_of(LOOK_OPTIONS[name]) for name in some}))
    own = st.fixed_dictionaries(
        {"matte": PATHS}, optional={"name": st.from_regex("[A-Za-z][A-Za-z0-9_-]{0,5}", fullmatch=True)}
    )
    return st.tuples(chosen, own).map(lambda parts: parts[0] | parts[1])


def through_toml(stored: Any) -> Any:
    return tomllib.loads(tomli_w.dumps({"stored": stored}))["stored"]


@pytest.mark.parametrize(
    "option",
    [*OPTIONS.values(), *MATTE_OPTIONS.values(), *COMPARED_OPTIONS.values()],
    ids=lambda option: f"{option.name}-{option.group}",
)
@given(data=st.data())
@settings(max_examples=10)
def test_stored_value_reads_back_unchanged(option: Option, data: st.DataObject) -> None:
    try:
        value = option.read(data.draw(values_of(option)))
    except SettingsError:
        return
    stored = through_toml(option.store(value))
    assert option.read(stored) == value
    # Once resolved, a path does not depend on the folder.
    resolved = option.resolve(stored, Path("/elsewhere"))
    assert option.read(resolved) == value
    assert option.resolve(resolved, Path("/third")) == resolved


# Options on which others depend; the first of these that accepts an option is used.
CONTEXTS: tuple[dict[str, Any], ...] = (
    {"style": "/a.png"},
    {"matte": "/matte.png"},
    {"style": "/a.png", "matte": "crypto:hero"},
    {"style": "/a.png", "matte": "auto", "matte_model": "owner/name"},
    {"style": "/a.png", "matte": "click:1,1@1", "matte_model": "owner/name"},
    {"renderer": "diffusion", "model": "owner/name", "prompt": "<lora:ink>"},
    {"renderer": "diffusion", "model": "owner/name", "upscale": 2.0, "control": "canny"},
    {"renderer": "diffusion", "model": "owner/name", "style": "/a.png", "ip_adapter": "/adapter"},
    {"renderer": "a1111"},
    {"export": "passes"},
    {"style": "/a.png", "ocio": "/config.ocio", "input_space": "linear", "view": "Film"},
    {"flow": "raft"},
    {"vectors_back": "/back.####.flo", "vectors_forward": "/forward.####.flo"},
    {},
)


def in_context(values: Mapping[str, Any]) -> Settings | None:
    """Settings with these values, and as few others as make them valid; None if no context does."""
    for context in CONTEXTS:
        try:
            return Settings(**context | dict(values))
        except SettingsError:
            continue
    return None


# Tables of extensions need their extension; tests/extensions reads them back with one.
STORED = [option for option in OPTIONS.values() if option.stored and option.type is not EXTENSION_OPTIONS]


@pytest.mark.slow
@pytest.mark.parametrize("option", STORED, ids=lambda option: option.name)
def test_settings_read_back_equal_with_every_option(option: Option) -> None:
    stored = list[bool]()

    @given(value=values_of(option))
    @settings(max_examples=10)
    def assert_round_trip(value: Any) -> None:
        asked = in_context({option.name: value})
        if asked is not None:
            assert read_settings(through_toml(asked.stored()), "project.toml") == asked
            stored.append(option.name in asked.stored())

    assert_round_trip()
    assert any(stored), f"no context makes {option.flags[-1]} meaningful"


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=40)
def test_project_continues_with_its_stored_settings(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wanted: dict[str, Any] = dict(data.draw(st.sampled_from(CONTEXTS)))
    for option in data.draw(st.lists(st.sampled_from(STORED), max_size=8, unique_by=lambda option: option.name)):
        one_more = wanted | {option.name: data.draw(values_of(option))}
        try:
            Settings(**one_more)
        except SettingsError:
            continue
        wanted = one_more
    asked = Settings(**wanted)
    project = Project(tmp_path_factory.mktemp("round") / "shot.stylize")
    project.write_settings(Path("/shots/shot.mov"), asked, "1")
    assert read_project(project.root) == (Path("/shots/shot.mov"), asked)


@given(data=st.data())
@settings(max_examples=40)
def test_matte_settings_read_back_as_written(data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(["key", "chroma", "luma", "clean"]))
    given_values = {method: data.draw(values_of(MATTE_OPTIONS[method])), "output": "/m/"}
    for name in data.draw(st.lists(st.sampled_from(["difference", "refine", "foreground", "frames"]), unique=True)):
        given_values[name] = data.draw(values_of(MATTE_OPTIONS[name]))
    try:
        asked = MatteSettings(**given_values)
    except SettingsError:
        return
    written = {name: MATTE_OPTIONS[name].store(getattr(asked, name)) for name in given_values}
    assert MatteSettings(**through_toml(written)) == asked

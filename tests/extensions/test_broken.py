"""Broken extensions: the error names the distribution and the entry point, and everything else keeps working."""

import pytest

import cli
from stylize.errors import ExtensionError, FlowError, MatteError, OutputError, RendererError
from stylize.extensions import discovery
from tests.recipe import install

GROUPS = {
    "stylize.renderers": "RendererRegistration",
    "stylize.flow": "FlowRegistration",
    "stylize.exporters": "ExporterRegistration",
    "stylize.segmenters": "SegmenterRegistration",
}
# Options that select each kind.
WORDS = {
    "stylize.renderers": ["--renderer", "odd", "--keyframes", "4"],
    "stylize.flow": ["--flow", "odd", "--keys", "keys"],
    "stylize.exporters": ["--export", "odd", "--keys", "keys"],
    "stylize.segmenters": ["--matte", "auto", "--segmenter", "odd", "--keys", "keys"],
}
HEAD = "from dataclasses import dataclass\nfrom stylize.extensions import *\n"


def body(group, name="odd", more=""):
    registration = f"ODD = {GROUPS[group]}({name!r}, 'odd', 'foreign:Odd')"
    return f"{HEAD}{more}\n{registration}\nclass Odd:\n    def __init__(self, _): pass"


FAULTS = {
    "import error": (lambda group: "import is_not_here", "cannot be imported (ModuleNotFoundError"),
    "syntax error": (lambda group: "def", "cannot be imported (SyntaxError"),
    "exit": (lambda group: "raise SystemExit(3)", "cannot be imported (SystemExit: 3)"),
    "nothing of that name": (lambda group: "EVEN = 1", "there is no ODD in foreign"),
    "wrong type": (lambda group: "ODD = 'odd'", "expected a "),
    "another name": (lambda group: body(group, "even"), "is named 'even'"),
    "missing method": (body, "returned a Odd without "),
    "class that does not exist": (lambda group: body(group).partition("class Odd")[0], "there is no Odd in foreign"),
    "class that cannot be made": (
        lambda group: body(group).replace("pass", "raise KeyError('weights')"),
        "failed (KeyError: 'weights') in foreign, line ",
    ),
    "options that are no dataclass": (
        lambda group: body(group).replace("'foreign:Odd')", "'foreign:Odd', dict)"), "must be a frozen dataclass"
    ),
    "option of an unknown type": (
        lambda group: body(group, more="@dataclass(frozen=True)\nclass O:\n    x: list = option(None, 'x')").replace(
            "'foreign:Odd')", "'foreign:Odd', O)"
        ),
        "its option x has the type",
    ),
    "reads what does not exist": (
        lambda group: body(group).replace("'foreign:Odd')", "'foreign:Odd', reads=('strukture',))"),
        "it reads 'strukture'",
    ),
}  # fmt: skip


@pytest.fixture
def inputs(plates, tmp_path, monkeypatch):
    from stylize.media.images import write_image
    from tests.sliding import picture

    (tmp_path / "keys").mkdir()
    for number in (1, 8):
        write_image(tmp_path / f"keys/{number}.png", picture(20 * number))
    monkeypatch.chdir(tmp_path)


def help_text(capfd):
    cli.main(["--help"])
    return capfd.readouterr().out


def error_of(capfd, *words):
    with pytest.raises(SystemExit) as stop:
        cli.main(["plates", *words])
    [line] = [line for line in capfd.readouterr().err.splitlines() if line.startswith("stylize: ")]
    return stop.value.code, line


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("group", GROUPS)
def test_error_names_distribution_and_entry_point(group, fault, inputs, installed, tmp_path, capfd):
    write, expected = FAULTS[fault]
    site = install(tmp_path / "site", "stylize-odd", "2.3", {group: {"odd": "foreign:ODD"}})
    (site / "foreign.py").write_text(write(group))
    installed(site)
    code, line = error_of(capfd, *WORDS[group])
    assert code == cli.FAILED
    assert expected in line
    assert "odd" in line
    assert "stylize-odd 2.3" in line
    if "failed" not in expected:
        assert f"entry point odd = foreign:ODD in {group}" in line
    assert not (tmp_path / "out").exists()
    assert "odd" in help_text(capfd)


@pytest.mark.parametrize("group", GROUPS)
def test_name_of_a_built_in_is_refused(group, inputs, installed, tmp_path, capfd):
    from stylize.extensions.built_in import BUILT_IN

    name = next(iter(BUILT_IN[group]))
    installed(install(tmp_path / "site", "stylize-odd", "2.3", {group: {name: "foreign:ODD"}}))
    code, line = error_of(capfd, *(name if word == "odd" else word for word in WORDS[group]), "--style", "ref.png")
    assert code == cli.FAILED
    assert f"stylize-odd 2.3, entry point {name} = foreign:ODD in {group}" in line
    assert "is the name of a built-in" in line
    assert name in help_text(capfd)


def test_name_declared_by_two_distributions_is_refused(inputs, installed, tmp_path, capfd):
    for name in ("stylize-odd", "stylize-other"):
        install(tmp_path / "site", name, "1.0", {"stylize.renderers": {"odd": "foreign:ODD"}})
    installed(tmp_path / "site")
    code, line = error_of(capfd, "--renderer", "odd")
    assert code == cli.FAILED
    assert "stylize-odd 1.0" in line
    assert "stylize-other 1.0 also declares this name" in line


def test_option_of_stylize_itself_is_refused(inputs, installed, tmp_path, capfd):
    options = "@dataclass(frozen=True)\nclass O:\n    grow: int = option(0, 'x')"
    site = install(tmp_path / "site", "stylize-odd", "1.0", {"stylize.segmenters": {"matte": "foreign:ODD"}})
    text = body("stylize.segmenters", "matte", options).replace("'foreign:Odd')", "'foreign:Odd', O)")
    (site / "foreign.py").write_text(text)
    installed(site)
    code, line = error_of(capfd, "--matte-x", "3")
    assert code == cli.FAILED
    assert "its option --matte-grow already exists in stylize" in line
    assert "stylize-odd 1.0" in line


def test_damaged_metadata_do_not_hide_other_extensions(installed, recipe_site, tmp_path, capfd):
    site = install(tmp_path / "site", "stylize-odd", "1.0", {"stylize.renderers": {"odd": "foreign:ODD"}})
    [metadata] = site.glob("*.dist-info")
    (metadata / "entry_points.txt").write_text("[stylize.renderers]\nno equals sign\n")
    installed(site, recipe_site)
    assert "pencil" in discovery.names("stylize.renderers")
    (metadata / "entry_points.txt").write_text("[stylize.renderers]\nodd = foreign:ODD\n")
    (metadata / "METADATA").write_bytes(b"\xff\xfe\x00")
    installed(site)
    assert "odd" in discovery.names("stylize.renderers")
    with pytest.raises(ExtensionError, match="cannot be imported"):
        discovery.renderer("odd")


RAISES = "raise RuntimeError('out of\\npaper')"
RUNS = {
    "stylize.renderers": (
        RendererError,
        "    def cache_key(self): return ''\n    def render(self, request, on_step): {}",
        [RAISES, "raise SystemExit(0)", "return request.plate",
         "from stylize.renderers import RenderedKey; return RenderedKey(request.plate, text={'strength': 3})",
         "from stylize.renderers import RenderedKey; return RenderedKey(request.plate, notes=(None,))",
         "from stylize.renderers import RenderedKey; return RenderedKey(request.plate[:5])",
         "from stylize.renderers import RenderedKey; return RenderedKey(request.plate * 2 + 1)"],
    ),
    "stylize.flow": (
        FlowError,
        "    def cache_key(self): return ''\n    def __call__(self, source, target): {}",
        [RAISES, "return None", "import numpy as n; return n.zeros((3, 3, 2), n.float32)",
         "import numpy as n; return n.full((*target.shape[:2], 2), n.nan, n.float32)",
         "import numpy as n; return n.zeros((*target.shape[:2], 2))"],
    ),
    "stylize.exporters": (
        OutputError,
        "    def files(self, plan): return [plan.layout.file('.odd')]\n    def write(self, job): {}",
        [RAISES, "return []", "return None"],
    ),
    "stylize.segmenters": (
        MatteError,
        "    produces_mattes = True\n    def cache_key(self): return ''\n"
        "    def __call__(self, frames, plate, prompts=()):\n        import numpy as n\n"
        "        yield from ()\n        {}",
        [RAISES, "yield 99, n.zeros((36, 64), n.float32)", "yield frames[0], n.zeros((3, 3), n.float32)",
         "yield frames[0], n.full((36, 64), 2, n.float32)", "return"],
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("group", "act"), [(group, act) for group, (_, _, acts) in RUNS.items() for act in acts])
def test_failure_in_a_run_is_reported_in_one_line(group, act, inputs, installed, tmp_path, capfd):
    import stylize

    error, methods, _ = RUNS[group]
    site = install(tmp_path / "site", "stylize-odd", "2.3", {group: {"odd": "foreign:ODD"}})
    (site / "foreign.py").write_text(f"{body(group)}\n{methods.format(act)}")
    installed(site)
    words = dict(zip(WORDS[group][::2], WORDS[group][1::2], strict=True))
    asked = {name.lstrip("-"): value for name, value in words.items()}
    with pytest.raises(error, match=r"^--[a-z]+ odd of stylize-odd 2\.3 failed") as caught:
        stylize.run(tmp_path / "plates", output=f"{tmp_path}/result/", **asked)
    assert "\n" not in str(caught.value)


def test_exporter_cannot_write_outside_the_result_folder(inputs, installed, tmp_path, capfd):
    site = install(tmp_path / "site", "stylize-odd", "2.3", {"stylize.exporters": {"odd": "foreign:ODD"}})
    methods = "    def files(self, plan): return [plan.layout.folder.parent / 'x']\n    def write(self, job): return []"
    (site / "foreign.py").write_text(f"{body('stylize.exporters')}\n{methods}")
    installed(site)
    code, line = error_of(capfd, *WORDS["stylize.exporters"], "-o", "result/")
    assert code == cli.FAILED
    assert "which is not in" in line
    assert not (tmp_path / "result").exists()

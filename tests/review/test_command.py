"""The command ``stylize review``."""

import subprocess
import sys
from urllib.request import Request, urlopen

import pytest

import stylize
from stylize.errors import ReviewError
from stylize.project import read_project
from stylize.review.prepare import prepare_project
from stylize.review.serve import check_extra
from tests.review.browser import ROOT, served


def test_missing_extra_is_one_line_that_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ReviewError, match=r"libraries that are not installed \(.*uvicorn.*\); run pip install"):
        check_extra()


@pytest.mark.slow
def test_without_the_extra_the_command_ends_with_one_line(tmp_path):
    code = "import sys; sys.modules['starlette'] = None; import cli; cli.main(['review'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("stylize: stylize review needs libraries that are not installed (starlette")


@pytest.mark.slow
def test_rest_of_stylize_does_not_import_the_extra():
    code = "import sys, cli, stylize.pipeline, stylize.review; print({'starlette', 'uvicorn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_command_serves_the_page_until_it_is_interrupted(sample):
    pytest.importorskip("starlette")
    with served(sample.root) as address, urlopen(address, timeout=60) as entered:
        cookie = entered.headers["set-cookie"].split(";")[0]
        base = address.partition("/open")[0]
        with urlopen(Request(base, headers={"Cookie": cookie}), timeout=60) as page:
            assert b"<title>Review</title>" in page.read()


@pytest.mark.slow
def test_shot_without_a_project_gets_one_with_its_plates_and_the_options_given(plates, style):
    messages = []
    project = prepare_project(plates, {}, messages.append)
    assert project == plates.parent / "plates.stylize"
    assert read_project(project)[1].style is None
    assert prepare_project(project, {}, messages.append) == project
    prepare_project(project, {"style": style}, messages.append)
    assert read_project(project)[1].style == style
    with stylize.open(project), pytest.raises(stylize.StylizeError, match="another run is using"):
        prepare_project(project, {"style": style}, messages.append)

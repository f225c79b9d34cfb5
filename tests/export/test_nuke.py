"""The script for Nuke, read by the rules of Tcl as far as it needs them."""

import re
from dataclasses import replace
from pathlib import Path

from stylize.export.cut import Cut
from stylize.export.nuke import nk_of
from tests.export.cuts import FILM, movie_cut, picture_cut


def nodes(cut: Cut, text: str) -> dict[str, dict[str, str]]:
    """Every node by its name: its knobs, unquoted, and what kind it is."""
    found = {}
    for kind, body in re.findall(r"^(\w+) \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE):
        knobs = dict(line.strip().split(" ", 1) for line in body.splitlines())
        clean = {name: re.sub(r"\\(.)", r"\1", value.strip('"')) for name, value in knobs.items()}
        found[clean["name"]] = {**clean, "kind": kind}
    return found


def test_every_medium_is_read_under_its_own_numbers(tmp_path: Path) -> None:
    cut = picture_cut(tmp_path, alpha="premultiplied")
    passes = replace(cut.result, name="passes", alpha=None)
    matte = replace(cut.result, name="m", alpha=None)
    found = nodes(cut, nk_of(replace(cut, matte=matte), [passes]))
    assert [name for name, node in found.items() if node["kind"] == "Read"] == ["plate", "result", "matte", "passes"]
    assert found["result"]["file"] == f"{tmp_path.as_posix()}/out/comp 1.%05d.exr"
    assert found["plate"]["file"] == f"{tmp_path.as_posix()}/in/plate x.%04d.png"
    for name in ("plate", "result", "matte", "passes"):
        assert (found[name]["first"], found[name]["last"]) == ("1001", "1040")
        assert "frame_mode" not in found[name]
    root = found["Größe.nk"]
    assert (root["first_frame"], root["last_frame"], root["fps"]) == ("1001", "1040", "23.976024")
    assert root["format"].startswith("64 48 0 0 64 48 1 ")
    assert not [node for node in found.values() if node["kind"] == "Premult"]


def test_a_movie_begins_where_the_result_does(tmp_path: Path) -> None:
    cut = movie_cut(tmp_path, FILM, "01:00:00:00", frames="1005-1040", alpha="straight")
    found = nodes(cut, nk_of(cut))
    # Four frames of the plate lie before: its first is shown at 1001, so that 1005 is the result's first.
    assert (found["plate"]["frame_mode"], found["plate"]["frame"], found["plate"]["last"]) == ("start at", "1001", "40")
    assert (found["result"]["frame"], found["result"]["last"]) == ("1005", "36")
    assert found["result_premult"]["kind"] == "Premult"
    text = nk_of(cut)
    assert text.count("push $N_") == 2
    assert text.index("set N_result") > text.index("result_premult")


def test_handles_are_read_and_not_shown(tmp_path: Path) -> None:
    cut = movie_cut(tmp_path, FILM, "01:00:00:00", frames="1005-1040", handles=4)
    found = nodes(cut, nk_of(cut))
    root = found[f"{cut.name}.nk"]
    assert (root["first_frame"], root["last_frame"]) == ("1009", "1036")
    assert (found["result"]["frame"], found["result"]["last"]) == ("1005", "36")


def test_signs_of_tcl_in_names_stay_names(tmp_path: Path) -> None:
    cut = movie_cut(tmp_path)
    odd = replace(cut, result=replace(cut.result, path=Path("/a [b] $c {d}.mov")), name='x"; exit')
    text = nk_of(odd)
    assert r'"/a \[b\] \$c \{d\}.mov"' in text
    assert nodes(odd, text)["result"]["file"] == "/a [b] $c {d}.mov"
    assert r'name "x\"\; exit.nk"' in text

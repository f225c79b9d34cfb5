"""A comparison paints one frame per combination, keeps what is up to date, and its commands paint the same bits."""

import json
import shlex
import shutil

import numpy as np
import pytest

import cli
import stylize
from stylize import renderers
from stylize.errors import FrameRangeError, OutputError, ProjectError, SettingsError, ShotError, StyleError
from stylize.events import Message, StageProgress
from stylize.look_comparison import comparison, look_sheet
from stylize.media.images import image_size, read_image, write_image
from stylize.settings import LOOKS_OPTIONS, LooksSettings
from tests.sliding import SIZE, folder_of, scene


class Tinted:
    """Fast renderer, whose picture depends on plate, reference and seed, and which counts its requests."""

    requests: list = []  # noqa: RUF012

    def render(self, request, on_step):
        Tinted.requests.append(request)
        on_step(1, 2)
        tint = request.style.mean(axis=(0, 1)) + request.seed / 50
        return renderers.RenderedKey(np.clip(request.plate * tint, 0, 1).astype(np.float32))

    def cache_key(self):
        return "tinted"


@pytest.fixture
def quick(monkeypatch):
    """Replace the renderer with a fast one."""
    Tinted.requests = []
    monkeypatch.setattr("stylize.renderers.example.open_example", lambda *_: Tinted())


@pytest.fixture
def pair(tmp_path):
    """Two references whose names need quotes."""
    paths = [tmp_path / "it's warm.png", tmp_path / "$cold;.png"]
    for number, path in enumerate(paths):
        write_image(path, np.random.default_rng(number).integers(99 * number, 150 + 99 * number, (20, 30, 3), np.uint8))
    return paths


def files_of(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def bits(result):
    return [look.picture.read_bytes() for look in result.looks]


def run_command(line):
    program, *words = shlex.split(line)
    assert program == "stylize"
    cli.main(words)


@pytest.mark.slow
def test_each_command_paints_its_picture_again(quick, plates, pair, tmp_path):
    result = stylize.looks(plates, style=pair, seed="1-2", frames="3,5", output=tmp_path / "a b", structure=0.7)
    found = [(look.frame, look.style, look.seed) for look in result.looks]
    assert found == [(frame, (style,), seed) for frame in (3, 5) for style in pair for seed in (1, 2)]
    before = bits(result)
    assert len(set(before)) == len(before) == 8
    assert all(image_size(look.picture) == (SIZE[0] // 2, SIZE[1] // 2) for look in result.looks)
    shutil.rmtree(result.folder / "looks")
    for look in result.looks:
        run_command(look.command)
    assert bits(result) == before


def test_tables_hold_the_commands(quick, plates, pair, tmp_path):
    result = stylize.looks(plates, style=pair, frames=4, output=tmp_path / "o", threads=1)
    data = json.loads(result.data.read_text())
    assert [one["command"] for one in data["looks"]] == [look.command for look in result.looks]
    assert [one["picture"] for one in data["looks"]] == [str(look.picture) for look in result.looks]
    lines = result.text.read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [look.command for look in result.looks]
    assert [shlex.split(look.shot_command) for look in result.looks] == [
        ["stylize", str(plates), "--style", str(path)] for path in pair
    ]
    assert not any("--threads" in look.command for look in result.looks)


@pytest.mark.slow
def test_second_call_paints_only_what_has_changed(quick, plates, pair, tmp_path):
    first = stylize.looks(plates, style=pair, seed=(1, 2), frames=2)
    assert [look.is_new for look in first.looks] == [True] * 4
    assert first.folder == plates.with_suffix(".looks")
    before, Tinted.requests = bits(first), []
    again = stylize.looks(plates, style=pair, seed=(1, 2), frames=2)
    assert ([look.is_new for look in again.looks], Tinted.requests, bits(again)) == ([False] * 4, [], before)
    write_image(pair[1], np.full((20, 30, 3), 200, np.uint8))
    changed = stylize.looks(plates, style=pair, seed="1-3", frames=2)
    assert [look.is_new for look in changed.looks] == [False, False, True, True, True, True]
    assert bits(changed)[:2] == before[:2]
    assert bits(changed)[3] != before[2]
    assert len(Tinted.requests) == 4
    for structure, new in ((0.2, True), (0.9, True), (0.2, False)):
        (look,) = stylize.looks(plates, style=pair[0], frames=2, structure=structure).looks
        assert look.is_new == new


@pytest.mark.slow
def test_interrupted_comparison_keeps_its_pictures_and_the_old_sheet(quick, plates, pair, tmp_path):
    old = stylize.looks(plates, style=pair[0], frames=2)
    before = [path.read_bytes() for path in (old.sheet, old.text, old.data)]
    events = []

    def cancel():
        return sum(isinstance(event, StageProgress) and event.done == 2 for event in events) > 0

    with pytest.raises(stylize.CancelledError):
        stylize.looks(plates, style=pair, seed="5-6", frames=2, on_event=events.append, cancel=cancel)
    assert [path.read_bytes() for path in (old.sheet, old.text, old.data)] == before
    finished = stylize.looks(plates, style=pair, seed="5-6", frames=2)
    assert [look.is_new for look in finished.looks] == [False, False, True, True]


@pytest.mark.slow
def test_default_frame_is_the_one_that_would_be_picked_first(quick, style, tmp_path):
    shot = folder_of(tmp_path / "turning", [*scene(2, seed=4), *scene(8)])
    planned = stylize.plan(shot, draft=True, max_keyframes=1, split=True)
    (expected,) = max(planned.shots, key=lambda one: len(one.frames)).keys
    found = stylize.looks(shot, style=style)
    assert [look.frame for look in found.looks] == [expected]
    assert f"--frames {expected} --keyframes {expected} --draft" in found.looks[0].command


@pytest.mark.slow
def test_size_is_that_of_the_scale(quick, plates, style):
    for scale, size in ((1, SIZE), ("1", SIZE), ("1/2", (SIZE[0] // 2, SIZE[1] // 2))):
        (look,) = stylize.looks(plates, style=style, frames=1, scale=scale).looks
        assert image_size(look.picture) == image_size(look.plate) == size


@pytest.mark.slow
def test_project_gives_its_look_and_is_not_changed(quick, plates, style, tmp_path):
    project = tmp_path / "mine.stylize"
    stylize.run(plates, style=style, structure=0.9, seed=7, to_stage="render", keyframes=2, project=project)
    before, key = files_of(project), project / "keys" / "plate.0002.png"
    result = stylize.looks(project, frames=2, scale=1)
    assert files_of(project) == before
    (look,) = result.looks
    assert (look.style, look.seed) == ((style,), 7)
    assert "--structure 0.9" in look.command
    assert np.array_equal(read_image(look.picture), read_image(key))
    other = stylize.looks(project, frames=2, scale=1, seed="8-9").looks
    assert [one.seed for one in other] == [8, 9]


@pytest.mark.slow
def test_presets_are_looks(quick, plates, style, tmp_path):
    project = tmp_path / "mine.stylize"
    for name, structure in (("a", 0.2), ("b", 0.8)):
        stylize.run(plates, style=style, structure=structure, to_stage="pick", project=project)
        cli.main(["preset", "save", str(project), str(tmp_path / f"{name}.toml"), "-q"])
    result = stylize.looks(plates, preset=[tmp_path / "a.toml", tmp_path / "b.toml"], frames=2, seed=(3,))
    assert [look.preset.name for look in result.looks] == ["a.toml", "b.toml"]
    assert all("--preset" in look.command and "--seed 3" in look.command for look in result.looks)


@pytest.mark.slow
def test_sheet_shows_plate_references_and_looks(quick, plates, pair, tmp_path):
    result = stylize.looks(plates, style=pair, seed="1-2", frames="2,6")
    sheet = look_sheet._content("plates", result.looks, 1)
    assert [row.heading for row in sheet.rows] == ["frame 2", "it's warm", "$cold;", "frame 6", "it's warm", "$cold;"]
    assert [row.picture for row in sheet.rows] == [None, *pair, None, *pair]
    assert [row.cells[0].picture for row in sheet.rows[::3]] == [result.looks[0].plate, result.looks[4].plate]
    cells = [cell for row in sheet.rows for cell in row.cells if not cell.caption.startswith("plate")]
    assert [cell.picture for cell in cells] == [look.picture for look in result.looks]
    assert [cell.caption for cell in cells] == [f"{n}  seed {1 + (n - 1) % 2}" for n in range(1, 9)]
    assert [line.partition("  ")[2] for line in sheet.footer] == [look.command for look in result.looks]
    assert image_size(result.sheet)[0] > 2 * SIZE[0]
    alone = look_sheet._content("plates", stylize.looks(plates, style=pair, frames=2).looks, 1)
    assert [reference.picture for reference in alone.references] == pair
    assert [cell.caption for cell in alone.rows[0].cells] == ["plate, frame 2", "1  it's warm", "2  $cold;"]


@pytest.mark.slow
def test_many_looks_are_on_several_lines_and_have_their_commands_in_the_text(quick, plates, pair):
    result = stylize.looks(plates, style=pair, seed="1-7", frames=2)
    sheet = look_sheet._content("plates", result.looks, 1)
    assert [len(row.cells) for row in sheet.rows] == [1, 4, 3, 4, 3]
    assert [row.heading for row in sheet.rows] == ["frame 2", "it's warm", "", "$cold;", ""]
    assert [cell.picture for row in sheet.rows[1:] for cell in row.cells] == [look.picture for look in result.looks]
    assert list(sheet.footer) == ["the command of each look is in looks.txt"]
    assert all(look.command in result.text.read_text() for look in result.looks)


def test_errors_come_before_anything_is_painted(quick, plates, pair, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    for error, message, options in (
        (SettingsError, "no look to paint", {}),
        (SettingsError, "at most 64 looks to compare, found 2 styles x 33 seeds = 66", {"style": pair, "seed": "1-33"}),
        (FrameRangeError, "frames 1,99 were requested", {"style": pair, "frames": (1, 99)}),
        (StyleError, "cannot be used", {"style": [*pair, broken]}),
        (SettingsError, "--seed: expected at most 64 numbers, found 1000000000", {"seed": "1-1000000000"}),
        (SettingsError, "--seed must be", {"style": pair, "seed": -1}),
        (SettingsError, "--model is for --renderer diffusion", {"style": pair, "model": "x/y"}),
        (TypeError, "has no option 'fuse'", {"style": pair, "fuse": 0.5}),
    ):
        with pytest.raises(error, match=message.replace("(", r"\(")):
            stylize.looks(plates, **{"frames": 2, **options})
    tiny = folder_of(tmp_path / "tiny", [one[:20, :20] for one in scene(2)])
    with pytest.raises(SettingsError, match=r"would be 10x10, expected 16 pixels or more on each side; give --scale 1"):
        stylize.looks(tiny, style=pair, frames=1)
    with pytest.raises(ShotError, match="none"):
        stylize.looks(tmp_path / "none.mp4", style=pair, frames=1)
    assert Tinted.requests == []
    assert list(tmp_path.glob("*.looks")) == []


@pytest.mark.slow
def test_other_files_are_not_replaced(quick, plates, style, tmp_path):
    project = tmp_path / "mine.stylize"
    stylize.run(plates, style=style, to_stage="pick", project=project)
    for folder in (project, project / "export", project / "new"):
        with pytest.raises(OutputError, match="is a project"):
            stylize.looks(plates, style=style, frames=2, output=folder)
    with pytest.raises(OutputError, match="folder of the shot"):
        stylize.looks(plates, style=style, frames=2, output=plates)
    result = stylize.looks(plates, style=style, frames=2)
    result.sheet.write_bytes(b"annotated")
    with pytest.raises(OutputError, match=r"looks.png was changed by hand"):
        stylize.looks(plates, style=style, frames=2)
    assert result.sheet.read_bytes() == b"annotated"
    assert stylize.looks(plates, style=style, frames=2, overwrite=True).sheet.read_bytes() != b"annotated"
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "looks.txt").write_text("notes")
    with pytest.raises(OutputError, match=r"looks.txt was changed by hand, or is not of a comparison"):
        stylize.looks(plates, style=style, frames=2, output=mine)


def test_links_out_of_the_folder_are_refused(quick, plates, style, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    output = tmp_path / "o"
    output.mkdir()
    (output / "looks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProjectError, match="is a symbolic link"):
        stylize.looks(plates, style=style, frames=2, output=output)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_progress_counts_looks_and_messages_are_details(quick, plates, pair):
    events = []
    stylize.looks(plates, style=pair, frames=2, on_event=events.append)
    steps = [event for event in events if isinstance(event, StageProgress)]
    assert {event.stage for event in steps} == {"looks"}
    assert [event.done for event in steps if event.part == 0] == sorted(
        event.done for event in steps if event.part == 0
    )
    assert (steps[-1].done, steps[-1].total) == (2, 2)
    assert any(0 < event.part < 1 for event in steps)
    assert all(event.is_detail or event.is_warning for event in events if isinstance(event, Message))


@pytest.mark.slow
def test_command_reports_commands_and_files(quick, plates, pair, capfd):
    cli.main(["looks", str(plates), "--style", str(pair[0]), "--style", str(pair[1]), "--frames", "2"])
    out, err = capfd.readouterr()
    assert err == ""
    result = stylize.looks(plates, style=pair, frames=2)
    assert all(f"   {look.command}\n" in out for look in result.looks)
    assert "looks: 2 painted, 0 reused" in out
    assert out.count("wrote: ") == 3


def test_settings_are_read_like_words_and_unchanged_by_overrides(plates):
    settings = LooksSettings(style="a.png", seed=["1-2", 5], structure=0.5)
    assert (settings.seed, dict(settings.shared)) == ((1, 2, 5), {"structure": 0.5})
    assert {"style", "seed", "preset", "frames", "scale", "output"} <= LOOKS_OPTIONS.keys()
    assert not {"keys", "refine", "layers", "retries", "fuse", "export", "jobs"} & LOOKS_OPTIONS.keys()
    assert comparison.PICKING != "looks"

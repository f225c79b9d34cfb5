"""Candidates of keys: painted with several seeds, shown on a sheet, chosen in a table, and locked."""

import shutil

import numpy as np
import pytest

import cli
import stylize
from stylize.errors import CancelledError, PlanError, ProjectError, SettingsError
from stylize.keys import candidate_sheet
from stylize.keys.candidates import candidate_file, candidate_seed
from stylize.media.images import image_size, read_image, write_image
from stylize.planning.keys_csv import read_choices


def candidate(runs, frame, place):
    return candidate_file(runs.key(frame), place)


def bits(runs, frame, count=3):
    return [candidate(runs, frame, place).read_bytes() for place in range(1, count + 1)]


def edit(runs, **rows):
    """Write a table with cells by frame, such as f4={"pick": 2}."""
    columns = ("seed", "prompt", "pick", "lock")
    lines = [",".join(("frame", *columns))]
    lines += [",".join((name[1:], *(str(cells.get(one, "")) for one in columns))) for name, cells in rows.items()]
    (runs.project / "keys.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def painted(tmp_path_factory, finished):
    """A project with three candidates of each key."""
    from tests.keys.what_repaints import Runs, replace_server

    with pytest.MonkeyPatch.context() as patch:
        replace_server(patch)
        folder = tmp_path_factory.mktemp("painted")
        shutil.copytree(finished, folder, dirs_exist_ok=True)
        made = Runs(folder)
        before = made.bits()
        result = made.run(candidates=3)
        assert result.rendered == ()  # the keys themselves exist
        assert made.bits() == before
        assert made.said("candidates of keyframes 1, 4, 8", "candidates.png", "keys.csv")
        assert made.said("candidate 2: keyframe 4 compared with 1")
    return folder


@pytest.fixture
def chosen(runs, painted):
    """The project with candidates, to continue."""
    shutil.copytree(painted, runs.root, dirs_exist_ok=True)
    return runs


@pytest.mark.slow
def test_first_candidate_is_the_key_and_the_others_differ_in_seed_alone(chosen):
    for frame, key in chosen.bits().items():
        first, *others = bits(chosen, frame)
        assert first == key
        assert len({first, *others}) == 3
    seeds = [candidate_seed(7, 4, place) for place in range(1, 17)]
    assert seeds[0] == 7
    assert len(set(seeds)) == 16
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert candidate_seed(7, 4, 2) != candidate_seed(7, 8, 2)
    alone = bits(chosen, 1)[1]
    edit(chosen, f1={"seed": candidate_seed(0, 1, 2)})
    assert 1 in chosen.run().rendered
    np.testing.assert_array_equal(read_image(chosen.key(1)), read_image(candidate(chosen, 1, 2)))
    assert chosen.key(1).read_bytes() == alone


@pytest.mark.slow
def test_sheet_and_table_are_written_once_and_stay(chosen):
    sheet = chosen.project / "candidates.png"
    assert image_size(sheet)[0] > 4 * 64
    before = sheet.stat().st_mtime_ns
    chosen.run(candidates=3)
    assert sheet.stat().st_mtime_ns == before
    text = (chosen.project / "keys.csv").read_text()
    assert text.splitlines() == ["frame,key,seed,prompt,pick,lock", "1,1,,,,", "4,1,,,,", "8,1,,,,"]
    chosen.run(candidates=4)
    assert sheet.stat().st_mtime_ns != before


def test_only_missing_candidates_are_painted(chosen):
    before = {frame: bits(chosen, frame) for frame in (1, 4, 8)}
    candidate(chosen, 4, 2).unlink()
    stamps = {path: path.stat().st_mtime_ns for path in (chosen.project / "keys/candidates").iterdir()}
    chosen.run(candidates=3)
    assert {frame: bits(chosen, frame) for frame in (1, 4, 8)} == before
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


@pytest.mark.slow
def test_run_that_is_stopped_between_candidates_ends_with_the_same_bits(runs, painted, monkeypatch):
    from stylize.renderers.a1111 import A1111Renderer
    from tests.keys.what_repaints import Runs, tint

    calls = []

    def stopped(self, request, on_step):
        calls.append(request.frame)
        if len(calls) == 4:
            raise CancelledError("stopped")
        return tint(self, request, on_step)

    monkeypatch.setattr(A1111Renderer, "render", stopped)
    with pytest.raises(CancelledError):
        runs.run(candidates=3)
    assert runs.run(candidates=3).rendered == ()
    assert len(calls) == 7  # six candidates besides the keys, and the one that was stopped
    whole = Runs(painted)
    for frame in (1, 4, 8):
        assert bits(runs, frame) == bits(whole, frame)


def test_pick_is_used_by_the_next_run_and_repaints_nothing(chosen):
    before, wanted = chosen.bits(), bits(chosen, 4)[2]
    table = stylize.pick(chosen.project, {4: 3})
    assert read_choices(table, range(1, 9), is_partial=False)[4].pick == 3
    assert chosen.run().rendered == ()
    assert chosen.said("another candidate is used for keyframe 4", "keyframe 8", "--repaint 8")
    after = chosen.bits()
    assert (after[1], after[4], after[8]) == (before[1], wanted, before[8])
    assert chosen.run().rendered == ()
    assert chosen.bits() == after
    assert not chosen.said("another candidate")
    stylize.pick(chosen.project, {4: None})
    assert chosen.run().rendered == ()
    assert chosen.bits() == before


def test_picked_candidate_of_other_settings_is_never_replaced_silently(chosen):
    chosen.run(seed=77)
    before, shown = chosen.bits(), bits(chosen, 4)
    stylize.pick(chosen.project, {4: 3})
    with pytest.raises(PlanError, match=r"candidate 3 of keyframe 4 was rendered with other settings .*; lock the key"):
        chosen.run(seed=77)
    assert (chosen.bits(), bits(chosen, 4)) == (before, shown)
    stylize.pick(chosen.project, {4: 3}, lock=True)
    assert chosen.run(seed=77).rendered == ()
    assert chosen.key(4).read_bytes() == shown[2]


@pytest.mark.slow
def test_picked_candidate_is_rendered_with_other_settings_on_request(chosen):
    before = bits(chosen, 4)
    chosen.run(seed=77)
    stylize.pick(chosen.project, {4: 3})
    assert 4 in chosen.run(seed=77, candidates=3).rendered
    assert chosen.said("another candidate is used for keyframe 4", "keyframe 8", "--repaint 8")
    assert chosen.key(4).read_bytes() == bits(chosen, 4)[2] != before[2]
    assert chosen.run(seed=77).rendered == ()
    assert not chosen.said("another candidate")
    assert chosen.run(seed=77, repaint="4").rendered == (4,)
    assert not chosen.said("another candidate")
    assert 4 in chosen.run(seed=78).rendered  # the one in use follows the settings, like every key
    assert chosen.key(4).read_bytes() == bits(chosen, 4)[2]


@pytest.mark.slow
def test_pick_makes_only_its_own_spans_again(chosen):
    assert chosen.run(to_stage="propagate").redone == tuple(range(1, 9))
    stylize.pick(chosen.project, {8: 2})
    assert chosen.run(to_stage="propagate").redone == (5, 6, 7, 8)


def test_picked_key_is_painted_with_its_seed_when_settings_change(chosen):
    stylize.pick(chosen.project, {8: 2})
    chosen.run()
    assert chosen.run(prompt='0: "oil", 6: "pen"').rendered == (8,)
    edit(chosen, f8={"seed": candidate_seed(0, 8, 2)})
    first = chosen.key(8).read_bytes()
    chosen.run(prompt='0: "oil", 6: "pen"')
    assert chosen.key(8).read_bytes() == first


def test_new_seed_takes_along_only_the_keys_that_start_from_it(chosen):
    before = chosen.bits()
    edit(chosen, f4={"seed": 99})
    assert chosen.run().rendered == (4, 8)
    assert chosen.said("keyframe 8: rendered again", "start from keyframe 4", "--keep-others")
    assert chosen.bits()[1] == before[1]


def test_seed_and_prompt_are_chosen_for_single_keys(chosen):
    before = chosen.bits()
    table = stylize.pick(chosen.project, [4], seed=99, prompt="pen, and ink")
    found = read_choices(table, range(1, 9), is_partial=False)[4]
    assert (found.seed, found.prompt, found.pick, found.lock) == (99, "pen, and ink", None, False)
    assert chosen.run(keep_others=True).rendered == (4,)
    stylize.pick(chosen.project, {4: 3})
    assert read_choices(table, range(1, 9), is_partial=False)[4].seed == 99, "it stays"
    stylize.pick(chosen.project, {4: None}, seed="own", prompt="")
    assert read_choices(table, range(1, 9), is_partial=False) == {}
    assert chosen.run(keep_others=True).rendered == (4,)
    assert chosen.bits() == before


def test_choices_that_a_run_would_refuse_are_refused_at_once(chosen):
    for seed in (-1, 2**31, True, "1"):
        with pytest.raises(SettingsError, match="seed: expected a whole number from 0 to 2147483647, or own"):
            stylize.pick(chosen.project, [4], seed=seed)
    with pytest.raises(SettingsError, match="prompt: expected a single line of text"):
        stylize.pick(chosen.project, [4], prompt="pen\nink")
    stylize.pick(chosen.project, [4], lock=True)
    for wishes in ({"seed": 3}, {"prompt": "pen"}):
        with pytest.raises(PlanError, match="frame 4 is locked; give --unlock"):
            stylize.pick(chosen.project, [4], **wishes)
    stylize.pick(chosen.project, [4], seed="own", prompt="", lock=True)  # changes nothing


def test_new_seed_leaves_the_bits_of_others_alone_with_keep_others(chosen):
    before = chosen.bits()
    edit(chosen, f4={"seed": 99})
    assert chosen.run(keep_others=True).rendered == (4,)
    after = chosen.bits()
    assert (after[1], after[8]) == (before[1], before[8])
    assert after[4] != before[4]
    assert chosen.run().rendered == ()


def test_prompt_of_one_key_repaints_that_key(runs):
    before = runs.bits()
    edit(runs, f8={"prompt": "chalk"})
    assert runs.run().rendered == (8,)
    assert runs.bits()[8] != before[8]
    assert runs.run(prompt='0: "oil", 8: "chalk"').rendered == ()


def test_prompt_is_refused_for_a_renderer_that_reads_none(runs):
    edit(runs, f8={"prompt": "chalk"})
    with pytest.raises(PlanError, match=r"keys\.csv, line 2, column prompt: --renderer example reads no prompt"):
        runs.run(renderer="example", style=runs.shot / "s.0001.png", model=None, prompt=None, negative=None, cfg=7.0)


@pytest.mark.slow
def test_locked_key_is_never_painted_again(chosen):
    before = chosen.bits()
    stylize.pick(chosen.project, {4: 2}, lock=True)
    chosen.run()
    locked = chosen.bits()[4]
    assert locked == bits(chosen, 4)[1] != before[4]
    assert chosen.run(steps=30, candidates=2).rendered == (1, 8)
    assert chosen.said("kept because locked", "steps", "keyframe 4")
    assert chosen.bits()[4] == locked
    # It stays a keyframe, too. The next one does not depend on a key that is only kept.
    result = chosen.run(keyframes=(1, 8), steps=30)
    assert result.rendered == (8,)
    assert [(key.frame, key.reason) for key in result.shots[0].keyframes][1] == (4, "locked")
    assert chosen.bits()[4] == locked
    with pytest.raises(SettingsError, match=r"key 4 is locked .*line 3.*; unlock it"):
        chosen.run(repaint=4)
    with pytest.raises(PlanError, match="frame 4 is locked; give --unlock to choose another"):
        stylize.pick(chosen.project, {4: 3})
    stylize.pick(chosen.project, {4: 3}, lock=False)
    assert chosen.run().rendered == (1, 8)
    assert chosen.bits()[4] == bits(chosen, 4)[2]


def test_locked_key_that_is_missing_is_an_error(chosen):
    edit(chosen, f4={"lock": "x"})
    chosen.run()
    chosen.key(4).unlink()
    with pytest.raises(PlanError, match=r"frame 4 is locked, but .* is missing; restore or unlock it"):
        chosen.run()


def test_picture_of_a_person_beats_choices(chosen):
    write_image(chosen.key(4), np.full((48, 64, 3), 90, np.uint8))
    painted = chosen.key(4).read_bytes()
    edit(chosen, f4={"pick": 2, "seed": 5})
    assert 4 not in chosen.run(candidates=3).rendered
    assert chosen.key(4).read_bytes() == painted
    assert chosen.said("not used for painted keys: keyframe 4")


def test_retouched_candidate_is_used_as_it_is(chosen):
    stylize.pick(chosen.project, {4: 2})
    chosen.run()
    write_image(candidate(chosen, 4, 2), np.full((48, 64, 3), 90, np.uint8))
    assert chosen.run(candidates=3).rendered == ()
    assert (read_image(chosen.key(4)) == 90).all()
    assert chosen.run().rendered == ()
    assert (read_image(candidate(chosen, 4, 2)) == 90).all()


@pytest.mark.slow
def test_choices_for_candidates_that_do_not_exist(chosen, tmp_path):
    with pytest.raises(PlanError, match="frame 4: expected one of its candidates 1, 2, 3, found 7; choose one of them"):
        stylize.pick(chosen.project, {4: 7})
    with pytest.raises(PlanError, match=r"frame 5 has no candidates in .*; render some with --candidates 4"):
        stylize.pick(chosen.project, {5: 1})
    with pytest.raises(SettingsError, match="--layer sky: the project has no layers"):
        stylize.pick(chosen.project, {4: 1}, layer="sky")
    with pytest.raises(ProjectError):
        stylize.pick(tmp_path / "nothing", {4: 1})
    edit(chosen, f4={"pick": 5})
    before = chosen.bits()
    with pytest.raises(PlanError, match=r"candidate 5 of keyframe 4 does not exist, it has 1, 2, 3; .*--candidates 5"):
        chosen.run()
    candidate(chosen, 4, 3).unlink()
    edit(chosen, f4={"pick": 3})
    with pytest.raises(PlanError, match=r"keys\.csv, line 2: candidate 3 of keyframe 4 does not exist"):
        chosen.run()
    assert chosen.bits() == before
    assert chosen.run(candidates=3).rendered == (4,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to_stage": "pick"}, "--candidates has no effect without the render stage"),
        ({"draft": True}, "--candidates does not apply to --draft"),
        ({"candidates": 17}, "from 2 to 16"),
        ({"candidates": 1}, "from 2 to 16"),
    ],
)
def test_candidates_that_would_have_no_effect_are_refused(runs, changes, words):
    with pytest.raises(SettingsError, match=words):
        runs.run(**{"candidates": 2} | changes)


def test_table_that_a_person_edited_stays_theirs(chosen):
    table = chosen.project / "keys.csv"
    table.write_bytes("\ufeffNote;Frame;Key\r\nsky, and sea;4;x\r\n".encode())
    stylize.pick(chosen.project, {8: 2, 4: 3}, lock=True)
    assert table.read_bytes() == ("\ufeffNote;Frame;Key;pick;lock\r\nsky, and sea;4;x;3;1\r\n;8;1;2;1\r\n".encode())
    chosen.run()
    assert chosen.bits()[4] == bits(chosen, 4)[2]


def test_choice_for_a_frame_without_a_key_is_reported(runs):
    edit(runs, f5={"seed": 3}, f6={"lock": "x"})
    assert runs.run().rendered == ()
    assert runs.said("keys.csv, line 2: not used, because not a keyframe: frames 5-6")


@pytest.mark.slow
def test_layers_have_candidates_and_tables_of_their_own(runs):
    matte = np.zeros((48, 64), np.uint8)
    matte[:, :32] = 255
    write_image(runs.root / "left.png", matte)
    layers = [{"name": "rest", "seed": 4}, {"name": "left", "matte": runs.root / "left.png"}]
    project = runs.root / "layered"
    result = runs.run(project=project, layers=layers, candidates=2, keyframes=(1, 4))
    assert {layer.name: sorted(layer.candidates) for layer in result.layers} == {"left": [1, 4], "rest": [1, 4]}
    assert {path.parent.name for path in result.outputs} == {"left", "rest"}
    with pytest.raises(SettingsError, match="expected one of the layers rest, left, found none"):
        stylize.pick(project, {4: 2})
    assert stylize.pick(project, {4: 2}, layer="rest") == project / "layers/rest/keys.csv"
    assert runs.run(project=project, layers=layers, keyframes=(1, 4)).rendered == ()
    keys = {name: project / f"layers/{name}/keys/s.0004.png" for name in ("left", "rest")}
    used = {name: [path.read_bytes() == candidate_file(path, one).read_bytes() for one in (1, 2)]
            for name, path in keys.items()}  # fmt: skip
    assert used == {"left": [True, False], "rest": [False, True]}


def test_commands_to_paste_are_quoted(chosen, capsys, monkeypatch):
    drawn, write = [], candidate_sheet.write_sheet
    monkeypatch.setattr(candidate_sheet, "write_sheet", lambda *all: (drawn.append(all[0]), write(*all)))
    spaced = chosen.root / "a b.stylize"
    shutil.copytree(chosen.project, spaced)
    chosen.run(project=spaced, candidates=2)
    assert drawn[0].footer == ("stylize pick 'a b.stylize' 1=2",)
    assert command("pick", spaced, "4=2") == 0
    assert capsys.readouterr().out.endswith(f"; run stylize '{spaced}' to use it\n")


def command(*words):
    """Exit code of the command."""
    try:
        cli.main([str(word) for word in words])
    except SystemExit as ended:
        return ended.code
    return 0


def test_command_writes_the_table_and_reports_mistakes_in_one_line(chosen, capsys):
    table = chosen.project / "keys.csv"
    assert command("pick", chosen.project, "4=3", "8=2", "--lock") == 0
    assert capsys.readouterr().out == f"wrote: {table}; run stylize {chosen.project} to use it\n"
    found = read_choices(table, range(1, 9), is_partial=False)
    assert {frame: (one.pick, one.lock) for frame, one in found.items()} == {4: (3, True), 8: (2, True)}
    before = table.read_bytes()
    for words, code in (
        (("4=3", "8=1", "4=2"), 2),
        (("4=9",), 1), (("four",), 2), (("4=-1",), 2), (("4=2",), 1), (("4=2", "--lock", "--unlock"), 2), ((), 2),
        (("5=1",), 1), (("4=2", "--layer", "sky"), 2), (("4",), 2), (("4=2", "8"), 2), (("4", "--seed", "x"), 2),
    ):  # fmt: skip
        assert command("pick", chosen.project, *words) == code
        error = capsys.readouterr().err
        assert error.startswith("stylize: ")
        assert error.count("\n") == 1
    assert command("pick", chosen.root, "4=1") == 1
    assert table.read_bytes() == before
    assert command("pick", chosen.project, "4", "--unlock", "--seed", "7", "--prompt", "pen", "-q") == 0
    found = read_choices(table, range(1, 9), is_partial=False)[4]
    assert (found.pick, found.lock, found.seed, found.prompt) == (3, False, 7, "pen")
    assert command("pick", chosen.project, "4=", "--seed", "own", "--prompt", "", "-q") == 0
    assert 4 not in read_choices(table, range(1, 9), is_partial=False)

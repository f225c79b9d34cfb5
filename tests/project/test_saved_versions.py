"""Versions of a project: what is kept comes back bit-identical with its records, and nothing unsaved is lost."""

import json
import os
from pathlib import Path

import pytest

import cli
from stylize.errors import OutputError, ProjectError, SettingsError
from stylize.project import Project, VersionStore, clean, restore_version, save_version, version_store
from stylize.project.layout import VERSIONS
from stylize.project.lock import exclusive
from stylize.project.saved_versions import matching_version
from stylize.project.temporary_files import remove_temporary_files
from stylize.settings import Settings

CSV = "keys.csv"


def write(project, name, contents, *keys, facts=None):
    """Write a file of the project: as a run does under cache keys, or as a person does without."""
    path = project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not keys:
        path.write_bytes(contents)
    for number, key in enumerate(keys):
        project.during(f"keys:{number:04d}").place(path, key, lambda partial: partial.write_bytes(contents))
    for fact, value in (facts or {}).items():
        project.remember(fact, project.digest(path), value)


def settings_of(project, seed):
    project.write_settings(project.root.parent / "shot", Settings(style="/ref.png", seed=seed), "0")


def kept(root):
    """Contents of the files that a version keeps, found independently."""
    found = [root / "project.toml", *root.rglob("keys*.csv"), *root.rglob("keys/**/*")]
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in found if path.is_file() and VERSIONS not in path.parts
    }  # fmt: skip


@pytest.fixture
def project(tmp_path):
    """Locked project with a rendered, a painted and a candidate key, a layer, a draft, a table and frames."""
    opened = Project(tmp_path / "shot.stylize")
    with opened.locked():
        settings_of(opened, 3)
        write(opened, "keys/shot.0001.png", b"one", "K1-v", facts={"key shot.0001.png": {"seed": 3}})
        write(opened, "keys/candidates/shot.0001.2.png", b"two", "C2-v")
        write(opened, "keys/shot.0008.png", b"painted")
        write(opened, CSV, b"frame,key,pick\n1,x,2\n")
        write(opened, "out/shot.0001.png", b"frame", "F-v")
        write(opened.layer("sky"), "keys/shot.0002.png", b"one", "K1-v", "K2-v")
        write(opened.draft("1-2"), "keys/shot.0001.png", b"small", "D-v")
        yield opened


def reopened(project):
    """The same project, as the next run reads it."""
    return Project(project.root)


def change(project):
    """Make another state: other settings, another picture, one more key, and one less."""
    settings_of(project, 4)
    write(project, "keys/shot.0001.png", b"other", "K9-v", facts={"key shot.0001.png": {"seed": 4}})
    write(project, "keys/shot.0008.png", b"retouched")
    write(project, "keys/shot.0030.png", b"thirty", "K30-v")
    (project.root / "keys/candidates/shot.0001.2.png").unlink()


def test_restored_state_is_bit_identical_with_its_records(project):
    before, frames = kept(project.root), (project.root / "out/shot.0001.png").read_bytes()
    save_version(project, "A")
    change(project)
    save_version(project, "B")
    after = kept(project.root)
    restored = restore_version(project, "A")
    assert (restored.saved, restored.known, restored.written, restored.removed) == (None, "B", 4, 1)
    assert kept(project.root) == before != after
    read = reopened(project)
    assert set(read.keys_of(read.root / "keys/shot.0001.png")) == {"K1-v"}
    assert read.ours(read.root / "keys/candidates/shot.0001.2.png")
    assert read.is_changed(read.root / "keys/shot.0008.png")
    assert read.facts_under(read.digest(read.root / "keys/shot.0001.png")) == {"key shot.0001.png": {"seed": 3}}
    assert (read.root / "out/shot.0001.png").read_bytes() == frames
    restore_version(project, "B")
    assert kept(project.root) == after
    assert set(reopened(project).keys_of(project.root / "keys/shot.0030.png")) == {"K30-v"}
    assert VersionStore(project.root).names() == ["A", "B"]


def test_files_of_layers_and_drafts_that_no_longer_exist_come_back(project):
    save_version(project, "A")
    before = kept(project.root)
    write(reopened(project).layer("sky"), "keys/shot.0002.png", b"new", "K3-v", "K4-v")
    for name in ("layers/sky/keys/shot.0002.png", "drafts/1-2/keys/shot.0001.png"):
        (project.root / name).unlink()
    restore_version(reopened(project), "A")
    assert kept(project.root) == before
    layer = reopened(project).layer("sky")
    assert {*layer.keys_of(layer.root / "keys/shot.0002.png")} == {"K1-v", "K2-v"}
    draft = reopened(project).draft("1-2")
    assert set(draft.keys_of(draft.root / "keys/shot.0001.png")) == {"D-v"}


def test_unsaved_state_is_saved_before_it_is_replaced(project):
    save_version(project, "A")
    change(project)
    unsaved = kept(project.root)
    restored = restore_version(project, "A")
    assert (restored.saved.name, restored.saved.before) == ("before-A", "A")
    change(project)
    write(project, "keys/shot.0008.png", b"yet another")
    assert restore_version(project, "A").saved.name == "before-A-2"
    restore_version(project, "before-A")
    assert kept(project.root) == unsaved


def test_equal_contents_are_kept_once_and_removed_with_the_last_version(project):
    save_version(project, "A")
    objects = project.root / VERSIONS / "objects"
    first = set(objects.iterdir())
    assert len(first) == len(set(kept(project.root).values())) == 6
    save_version(project, "B")
    assert set(objects.iterdir()) == first
    write(project, "keys/shot.0030.png", b"thirty", "K30-v")
    save_version(project, "C")
    store = VersionStore(project.root)
    assert len(set(objects.iterdir()) - first) == 1
    store.remove("C")
    assert set(objects.iterdir()) == first
    store.remove("A")
    assert set(objects.iterdir()) == first
    store.check(store.read("B"))


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "-q", ".hidden", "a.", "a b", "é", "x" * 65, "con", "Nul.txt", "COM1",
     "present", "Save", "list", "objects", "restored", "a\n", "a:b"],
)  # fmt: skip
def test_names_that_are_no_file_names_or_reserved_are_refused(project, name):
    for use in (save_version, restore_version, lambda p, n: VersionStore(p.root).remove(n)):
        with pytest.raises(SettingsError, match="name"):
            use(project, name)
    assert not (project.root / VERSIONS).exists()


def test_names_differ_in_more_than_case(project):
    save_version(project, "Oil-2.1_b")
    with pytest.raises(ProjectError, match=r"there is a version 'Oil-2\.1_b' already"):
        save_version(project, "oil-2.1_B")
    with pytest.raises(ProjectError, match=r"found no version 'ink' among Oil-2\.1_b"):
        restore_version(project, "ink")


@pytest.mark.parametrize(("limit", "value"), [("MAX_VERSIONS", 1), ("MAX_BYTES", 4000)])
def test_full_store_refuses_and_changes_nothing(project, monkeypatch, limit, value):
    save_version(project, "A")
    change(project)
    write(project, "keys/shot.0040.png", bytes(3000))
    monkeypatch.setattr(version_store, limit, value)
    before = everything(project.root)
    for use, name in ((save_version, "B"), (restore_version, "A")):
        with pytest.raises(OutputError, match=r"expected at most .*; remove one with stylize version remove"):
            use(project, name)
        assert everything(project.root) == before


def everything(root):
    """Contents of all files, except records, which only grow."""
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file() and "state" not in p.parts}


def test_damaged_version_is_not_restored(project):
    save_version(project, "A")
    change(project)
    save_version(project, "B")
    store = VersionStore(project.root)
    path = store.path(next(file for file in store.read("A").files if file.name == "keys/shot.0008.png"))
    path.write_bytes(b"nothing")
    before = everything(project.root)
    with pytest.raises(ProjectError, match=r"A.json is damaged: .*, the contents of keys/shot.0008.png, is missing or"):
        restore_version(project, "A")
    assert everything(project.root) == before


@pytest.mark.parametrize(
    "name",
    ["../outside.png", "keys/../../outside.png", "/tmp/x.png", "out/shot.0001.png", "state/x.jsonl", "keys/a\\b.png",
     "keys//a.png", "layers/../keys/a.png", "keysx/a.png", "project.toml/keys/a.png"],
)  # fmt: skip
def test_table_of_an_untrusted_author_writes_nowhere_else(project, name):
    save_version(project, "A")
    table = project.root / VERSIONS / "A.json"
    content = json.loads(table.read_text())
    content["files"][0]["name"] = name
    table.write_text(json.dumps(content))
    before = everything(project.root)
    with pytest.raises(ProjectError, match="is not the name of a file that a version keeps"):
        restore_version(project, "A")
    assert everything(project.root) == before


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "{", '{"schema": 9}', '{"schema": 1, "files": 3}', "\udcff", "[" * 99999],
)  # fmt: skip
def test_unreadable_table_is_a_one_line_error(project, text):
    save_version(project, "A")
    (project.root / VERSIONS / "A.json").write_text(text, errors="surrogateescape")
    with pytest.raises(ProjectError) as error:
        restore_version(project, "A")
    assert "A.json" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("field", ["digest", "size", "keys", "facts", "name"])
def test_table_with_a_wrong_value_is_a_one_line_error(project, field):
    save_version(project, "A")
    table = project.root / VERSIONS / "A.json"
    content = json.loads(table.read_text())
    content["files"][0][field] = {"digest": "../../../outside", "keys": 3, "facts": 3, "name": 3}.get(field, "3")
    table.write_text(json.dumps(content))
    with pytest.raises(ProjectError, match=r"A\.json is damaged: it cannot be read"):
        VersionStore(project.root).read("A")


def killed_at(step, work):
    """Run work in a process that dies at one of its changes to files; return whether it ended before."""
    child = os.fork()
    if child == 0:
        count = 0

        def dying(original):
            def changed(*args, **options):
                nonlocal count
                count += 1
                if count == step:
                    os._exit(9)
                return original(*args, **options)

            return changed

        for name in ("replace", "unlink", "mkdir"):
            setattr(Path, name, dying(getattr(Path, name)))
        try:
            work()
        except BaseException:  # the child must not return to pytest
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 0


@pytest.mark.slow
@pytest.mark.parametrize("use", ["save", "restore", "remove"])
def test_store_is_whole_wherever_a_command_is_killed(project, use):
    save_version(project, "A")
    state = {"A": kept(project.root)}
    change(project)
    save_version(project, "B")
    state["B"] = kept(project.root)
    write(project, "keys/shot.0008.png", b"unsaved")
    unsaved, step, done = kept(project.root), 0, False
    works = {
        "save": lambda: save_version(reopened(project), f"C{step}"),
        "restore": lambda: restore_version(reopened(project), "A"),
        "remove": lambda: VersionStore(project.root).remove(f"D{step}"),
    }
    while not done:
        step += 1
        if use == "remove":
            write(project, "keys/shot.0050.png", b"%d" % step)
            save_version(project, f"D{step}")
            (project.root / "keys/shot.0050.png").unlink()
        done = killed_at(step, works[use])
        remove_temporary_files(project.root)
        store = VersionStore(project.root)
        for version in store.versions():
            store.check(version)
        assert {"A", "B"} <= set(store.names())
        if use == "restore":
            # Either nothing has changed, or the state before is a version.
            assert kept(project.root) == unsaved or any(
                {name: store.path(file).read_bytes() for file in one.files for name in [file.name]} == unsaved
                for one in store.versions()
            )
            restore_version(reopened(project), "A")
            assert kept(project.root) == state["A"]
            restore_version(reopened(project), "B")
            write(reopened(project), "keys/shot.0008.png", b"unsaved")
            for name in [one for one in store.names() if one.startswith("before")][2:]:
                store.remove(name)
        else:
            assert kept(project.root) == unsaved
    assert step >= 3


def test_project_in_use_is_refused(project):
    with pytest.raises(SystemExit) as stop:
        cli.main(["version", "save", str(project.root), "A"])
    assert stop.value.code == 1
    with pytest.raises(ProjectError, match="another run is using"), exclusive(project.root / "project.lock"):
        raise AssertionError("locked twice")


def test_links_in_the_store_are_refused(project, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (project.root / VERSIONS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProjectError, match=r"versions is a symbolic link"):
        Project(project.root)
    (project.root / VERSIONS).unlink()
    save_version(project, "A")
    object_file = next((project.root / VERSIONS / "objects").iterdir())
    contents = tmp_path / "elsewhere" / "copy"
    contents.write_bytes(object_file.read_bytes())
    object_file.unlink()
    object_file.symlink_to(contents)
    with pytest.raises(ProjectError, match="is a symbolic link"):
        Project(project.root)


def test_clean_lists_versions_and_removes_them_only_on_request(project):
    save_version(project, "A")
    size = VersionStore(project.root).size()
    found = clean(project)
    assert (found.versions, found.version_bytes) == (1, size)
    assert VersionStore(project.root).names() == ["A"]
    trial = clean(project, versions=True, dry_run=True)
    assert (trial.bytes[VERSIONS], VersionStore(project.root).names()) == (size, ["A"])
    before, mine = kept(project.root), project.root / VERSIONS / "objects" / "notes.txt"
    mine.write_text("mine")
    assert clean(project, versions=True).bytes[VERSIONS] == size
    assert [path for path in (project.root / VERSIONS).rglob("*") if path.is_file()] == [mine]
    mine.unlink()
    save_version(project, "B")
    clean(project, versions=True)
    assert not (project.root / VERSIONS).exists()
    assert kept(project.root) == before


def test_report_is_kept_while_it_is_of_the_present_frames(project):
    report = project.root / "report.json"
    report.write_text('{"shots": []}')
    now = max(path.stat().st_mtime_ns for path in project.root.rglob("*.png")) + 10**9
    os.utime(report, ns=(now, now))
    assert save_version(project, "A").reports.keys() == {""}
    os.utime(project.root / "out/shot.0001.png", ns=(now + 1, now + 1))
    assert save_version(project, "B").reports == {}
    os.utime(report, ns=(now + 2, now + 2))
    assert save_version(project, "C").reports.keys() == {""}
    restore_version(project, "A")
    marker = project.root / VERSIONS / version_store.RESTORED
    os.utime(marker, ns=(now + 3, now + 3))
    assert save_version(project, "D").reports == {}


def test_present_version_is_recognised(project):
    assert matching_version(project.root) == ""
    save_version(project, "A")
    assert matching_version(project.root) == "A"
    write(project, CSV, b"frame,key,pick\n1,x,1\n")
    assert matching_version(project.root) == ""

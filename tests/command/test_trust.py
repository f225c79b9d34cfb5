"""Untrusted projects, keys and golden clips: nothing outside of them is read, written or sent."""

import http.server
import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize import pipeline
from stylize.errors import ProjectError
from stylize.media.images import write_image
from tests.clips import write_movie
from tests.command.words import EXAMPLES, bunny, command

PRECIOUS = b"a film that took a year"


@pytest.fixture
def victim(tmp_path, style):
    """A user's folder: a shot, a reference, a film, an empty folder, and the user's data."""
    home = tmp_path / "home"
    home.mkdir()
    write_movie(home / "private.mp4", bunny(4))
    shutil.copyfile(style, home / "oil.png")
    (home / "film.mkv").write_bytes(PRECIOUS)
    (home / "films").mkdir()
    return home


@pytest.fixture
def run(tmp_path):
    """Run the command with its own user data folder, and return the finished process."""
    return lambda *words: command(*words, check=False, env={**os.environ, "STYLIZE_DATA": str(tmp_path / "data")})


def forge(root, shot, settings, state=None):
    root.mkdir(parents=True, exist_ok=True)
    lines = [
        f'shot = "{shot}"',
        'version = "0.1.0"',
        "[settings]",
        *(f"{n} = {json.dumps(v)}" for n, v in settings.items()),
    ]
    (root / "project.toml").write_text("\n".join(lines))
    if state is not None:
        (root / "state.json").write_text(json.dumps(state))
    return root


@pytest.fixture
def untrusted_project(tmp_path, victim):
    """An untrusted project whose output replaces a film, by a forged claim on it."""
    settings = {"style": str(victim / "oil.png"), "output": str(victim / "film.mkv"), "keyframes": "1"}
    state = {"version": 1, "files": {}, "facts": {}, "digests": {}, "claims": [str(victim / "film.mkv")]}
    return forge(tmp_path / "download/x.stylize", victim / "private.mp4", settings, state)


def tree(folder):
    """Return every file and folder with its contents and modification time."""
    return {
        path: (path.read_bytes() if path.is_file() else None, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def unread(path):
    """Make reads detectable: set the access time before any change."""
    os.utime(path, ns=(1, path.stat().st_mtime_ns))
    return path.stat().st_atime_ns


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("plan",), ("report",), ("run",)], ids=lambda words: " ".join(words) or "bare")
def test_untrusted_project_touches_no_file_outside(untrusted_project, victim, run, tmp_path, words):
    before = [tree(victim), tree(untrusted_project)]
    times = {path: unread(path) for path in (victim / "private.mp4", victim / "oil.png", victim / "film.mkv")}
    done = run(*words, untrusted_project)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    for part in (f"shot {victim}/private.mp4", f"--style {victim}/oil.png", f"--output {victim}/film.mkv", "--trust",
                 "--allow PATH"):  # fmt: skip
        assert part in done.stderr
    assert {path: path.stat().st_atime_ns for path in times} == times
    assert [tree(victim), tree(untrusted_project)] == before
    assert not (tmp_path / "data").exists()
    # Proof that a read changes the access time.
    (victim / "oil.png").read_bytes()
    assert (victim / "oil.png").stat().st_atime_ns != times[victim / "oil.png"]


@pytest.mark.slow
def test_untrusted_output_path_is_not_created(victim, run, tmp_path):
    settings = {
        "style": str(victim / "oil.png"),
        "output": f"{victim}/films/new/",
        "export": ["otio"],
        "keyframes": "1",
    }
    root = forge(tmp_path / "download/x.stylize", victim / "private.mp4", settings)
    assert run(root).returncode == 1
    assert list((victim / "films").iterdir()) == []


@pytest.mark.slow
def test_allow_trust_and_explicit_options_each_permit_the_run(victim, run, tmp_path):
    settings = {"style": str(victim / "oil.png"), "output": f"{victim}/films/", "keyframes": "1"}
    root = forge(tmp_path / "download/x.stylize", victim / "private.mp4", settings)
    allowed = ("--allow", victim / "private.mp4")
    # Not sufficient.
    for words in ((), allowed, ("--style", victim / "oil.png", "-o", f"{tmp_path}/mine/"),
                  (*allowed, "--style", victim / "oil.png")):  # fmt: skip
        assert run(root, *words).returncode == 1
    assert list((victim / "films").iterdir()) == []
    # Paths given explicitly, with the shot allowed; then everything allowed; then trusted.
    assert run(root, *allowed, "--style", victim / "oil.png", "-o", f"{tmp_path}/mine/").returncode == 0
    assert len(list((tmp_path / "mine").glob("*.png"))) == 4
    assert list((victim / "films").iterdir()) == []
    forge(root, victim / "private.mp4", settings)
    assert run(root, "--allow", victim).returncode == 0
    assert len(list((victim / "films").glob("*.png"))) == 4
    # --allow holds for its own run only.
    assert run(root).returncode == 1
    assert run(root, "--trust").returncode == 0
    again = run(root)
    assert again.returncode == 0
    assert "0 made, 4 reused" in again.stdout
    assert again.stderr == ""
    assert run("report", root).returncode == 0


@pytest.mark.slow
def test_own_project_needs_no_permission_until_it_is_copied(victim, run, tmp_path):
    assert run(victim / "private.mp4", "--style", victim / "oil.png", "--keyframes", "1").returncode == 0
    root = victim / "private.stylize"
    for words in ((root,), ("plan", root), ("report", root), (root, "--from", "export"), ("clean", root, "-n")):
        done = run(*words)
        assert (done.returncode, done.stderr) == (0, "")
    # next to files that the user has not named
    copied = shutil.copytree(root, tmp_path / "copied.stylize")
    write_movie(tmp_path / "private.mp4", bunny(4)[::-1])
    shutil.copyfile(victim / "oil.png", tmp_path / "oil.png")
    done = run("report", copied)
    assert done.returncode == 1
    assert "was not made here by this user" in done.stderr
    assert run("report", copied, "--trust").returncode == 0
    assert run(copied).returncode == 0


@pytest.mark.slow
def test_running_the_shot_replaces_the_settings_of_an_untrusted_project(victim, run):
    """From then on the settings are this user's; those of the forged project are replaced and never used."""
    root = forge(victim / "private.stylize", victim / "private.mp4", {"output": f"{victim}/film.mkv"},
                 {"version": 1, "files": {"../film.mkv": {"mark": "a", "digests": ["b"]}}, "facts": {}, "digests": {},
                  "claims": ["../film.mkv", str(victim / "film.mkv")]})  # fmt: skip
    # Planning writes no settings, and so makes no settings trusted.
    assert run("plan", victim / "private.mp4", "--style", victim / "oil.png").returncode == 0
    assert run(root).returncode == 1
    assert run(victim / "private.mp4", "--style", victim / "oil.png", "--keyframes", "1").returncode == 0
    assert run(root).returncode == 0
    assert run("clean", root, "--results").returncode == 0
    assert (victim / "film.mkv").read_bytes() == PRECIOUS


@pytest.mark.slow
@pytest.mark.parametrize("name", ["../../home/films", "..", "/etc", "a/b", "a\\b", "con.", ""])
def test_layer_name_cannot_escape_the_project(victim, run, tmp_path, name):
    root = forge(tmp_path / "download/x.stylize", "shot.mp4", {})
    layer = f'[[settings.layers]]\nname = {json.dumps(name)}\nstyle = "oil.png"\n'
    (root / "project.toml").write_text(f'shot = "{victim}/private.mp4"\n{layer}')
    before = tree(victim)
    done = run(root, "--trust")
    assert done.returncode == 2
    assert "the name of a layer" in done.stderr
    assert tree(victim) == before


@pytest.mark.slow
def test_playlist_in_a_project_opens_no_other_file(victim, run, tmp_path):
    root = tmp_path / "download/x.stylize"
    for name, text in (
        ("list.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{victim}/private.mp4\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "ffconcat version 1.0\nfile near.mp4\n"),
    ):
        shutil.rmtree(root, ignore_errors=True)
        forge(root, root / name, {"style": f"{root}/oil.png", "keyframes": "1"})
        (root / name).write_text(text)
        shutil.copyfile(victim / "private.mp4", root / "near.mp4")
        shutil.copyfile(victim / "oil.png", root / "oil.png")
        before = unread(victim / "private.mp4"), unread(root / "near.mp4")
        done = run(root)
        assert done.returncode == 1
        assert f"{name}: not a readable movie" in done.stderr
        assert ((victim / "private.mp4").stat().st_atime_ns, (root / "near.mp4").stat().st_atime_ns) == before


# Without a folder for the user's data


@pytest.mark.slow
def test_run_completes_with_a_warning_when_trust_cannot_be_recorded(victim, tmp_path):
    (tmp_path / "file").write_text("mine")
    env = {**os.environ, "STYLIZE_DATA": str(tmp_path / "file")}
    words = (victim / "private.mp4", "--style", victim / "oil.png", "--keyframes", "1")
    done = command(*words, env=env)
    assert "4 made" in done.stdout
    assert done.stderr.count("cannot be recorded") == 1
    assert "STYLIZE_DATA" in done.stderr
    refused = command(victim / "private.stylize", check=False, env=env)
    assert refused.returncode == 1
    assert "--trust" in refused.stderr
    assert "0 made, 4 reused" in command(victim / "private.stylize", "--trust", env=env).stdout
    assert "0 made, 4 reused" in command(victim / "private.stylize", "--allow", victim, env=env).stdout
    assert "0 made, 4 reused" in command(*words, env=env).stdout
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.slow
def test_run_works_without_a_home_folder(victim):
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "STYLIZE_DATA", "XDG_DATA_HOME")}
    done = command(victim / "private.mp4", "--style", victim / "oil.png", "--keyframes", "1", "--to", "render", env=env)
    assert "Traceback" not in done.stderr
    assert (victim / "private.stylize/keys/private.0001.png").is_file()


# Reproducing keys with --like


@pytest.fixture
def server():
    """A server that fails every request, and the paths requested from it."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_error(500)

        def do_GET(self):
            received.append(self.path)
            self.send_error(500)

        def log_message(self, *_):
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", received
        running.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["json", "png"])
def test_untrusted_key_sends_no_plates_without_permission(victim, run, server, tmp_path, kind):
    url, received = server
    text = json.dumps({"settings": {"renderer": "a1111", "url": url, "prompt": "x", "steps": 5}})
    key = tmp_path / f"key.{kind}"
    if kind == "json":
        key.write_text(text)
    else:
        write_image(key, np.zeros((8, 8, 3), np.uint8), text={"stylize": text})
    words = (victim / "private.mp4", "--like", key, "--keyframes", "1")
    done = run(*words)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"add --renderer a1111 --url {url}, give others" in done.stderr
    assert "--trust" in done.stderr
    assert "--prompt" not in done.stderr
    assert received == []
    assert not (victim / "private.stylize").exists()
    # One of the two flags is not enough; both, as printed, are.
    assert run(*words, "--renderer", "a1111").returncode == 2
    assert received == []
    assert "/sdapi/v1/options" in run(*words, "--renderer", "a1111", "--url", url).stderr
    assert received
    received.clear()
    run(*words, "--trust")
    assert received


@pytest.mark.slow
def test_untrusted_key_lists_each_flag_ready_to_paste(victim, run, tmp_path):
    settings = {
        "renderer": "diffusion", "model": "evil/model", "vae": "/their/vae", "lora": ["/their/a b.safetensors:0.5"],
        "control": ["depth=/their/d.####.png:0.5", "canny"], "style": "/their/s.png", "lora_folder": "/their/loras",
        "ip_adapter": "/their/i.safetensors", "prompt": "a village", "seed": 3, "output": "/their/out",
    }  # fmt: skip
    (tmp_path / "key.json").write_text(json.dumps({"settings": settings}))
    done = run(victim / "private.mp4", "--like", tmp_path / "key.json", "--style", victim / "oil.png")
    assert done.returncode == 2
    asked = (
        "--renderer diffusion", "--model evil/model", "--vae /their/vae", "--lora '/their/a b.safetensors:0.5'",
        "--control 'depth=/their/d.####.png:0.5' --control canny", "--lora-folder /their/loras",
        "--ip-adapter /their/i.safetensors",
    )  # fmt: skip
    for part in asked:
        assert part in done.stderr
    for part in ("--style", "--seed", "--output", "/their/out", "--prompt"):
        assert part not in done.stderr


@pytest.mark.slow
def test_key_of_own_project_needs_no_permission(victim, run, server):
    url, received = server
    shot, root = victim / "private.mp4", victim / "private.stylize"
    # The server paints nothing, but the settings are trusted from then on.
    assert run(shot, "--renderer", "a1111", "--url", url, "--prompt", "x", "--keyframes", "1").returncode == 1
    (root / "keys").mkdir(exist_ok=True)
    text = {"stylize": json.dumps({"settings": {"renderer": "a1111", "url": url, "prompt": "x"}})}
    write_image(root / "keys/private.0001.png", np.zeros((54, 96, 3), np.uint8), text=text)
    received.clear()
    words = (shot, "--project", victim / "other.stylize", "--keyframes", "1", "--like")
    run(*words, root / "keys/private.0001.png")
    assert received
    received.clear()
    # Another address, or the same key in another place, is untrusted.
    shutil.copyfile(root / "keys/private.0001.png", victim / "key.png")
    assert run(*words, victim / "key.png").returncode == 2
    text = {"stylize": json.dumps({"settings": {"renderer": "a1111", "url": f"{url}/x", "prompt": "x"}})}
    write_image(root / "keys/private.0001.png", np.zeros((54, 96, 3), np.uint8), text=text)
    assert run(*words, root / "keys/private.0001.png").returncode == 2
    assert received == []


# Golden clips, which have no user data in a fresh clone


@pytest.mark.slow
def test_golden_clips_cannot_reach_outside_their_folder(victim, run, tmp_path):
    folder = tmp_path / "clone/golden"
    shutil.copytree(EXAMPLES.parent / "tests/golden/painted", folder / "painted")
    shutil.copytree(EXAMPLES.parent / "tests/golden/inputs", folder / "inputs")
    assert run("check", folder).returncode == 0
    golden = folder / "painted/golden.toml"
    text = golden.read_text()
    shutil.copytree(folder / "inputs", tmp_path / "clone/inputs")
    for inside, outside in (("../inputs/painted", "../../inputs/painted"), ("../inputs/plates", "../../inputs/plates")):
        golden.write_text(text.replace(inside, outside))
        assert golden.read_text() != text
        done = run("check", folder)
        assert done.returncode == 1
        assert f"{tmp_path}/clone/inputs/{inside.rpartition('/')[2]}" in done.stderr
        assert "reaches outside" in done.stderr
        assert run("check", folder, "--trust").returncode == 0
        assert run("check", folder, "--allow", tmp_path / "clone/inputs").returncode == 0
        assert run("check", folder, "--allow", tmp_path / "clone/golden").returncode == 1
    golden.write_text(text)
    plate = folder / "inputs/plates/plate.1004.png"
    plate.unlink()
    plate.symlink_to(tmp_path / "clone/inputs/plates/plate.1004.png")
    assert f"a symbolic link to {tmp_path}/clone/inputs/plates/plate.1004.png" in run("check", folder).stderr
    assert run("check", folder, "--allow", tmp_path / "clone/inputs").returncode == 0
    (folder / "painted/differs").symlink_to(victim / "films")
    assert run("check", folder).returncode == 1


# In Python


@pytest.mark.slow
def test_same_rules_hold_in_python(untrusted_project, victim, monkeypatch, tmp_path):
    with pytest.raises(ProjectError, match="--output"):
        pipeline.report(untrusted_project)
    with pytest.raises(ProjectError, match="--output"):
        pipeline.report(untrusted_project, allow=[str(victim / "private.mp4")])
    project = stylize.run(victim / "private.mp4", style=victim / "oil.png", keyframes=(1,)).project
    assert len(pipeline.report(project)) == 2
    moved = project.rename(victim / "moved.stylize")
    assert len(pipeline.report(moved)) == 2
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "another user"))
    with pytest.raises(ProjectError, match="shot "):
        pipeline.report(moved)
    assert len(pipeline.report(moved, allow=(str(victim),))) == 2
    assert len(pipeline.report(moved, trust=True)) == 2
    assert len(pipeline.report(moved)) == 2
    with pytest.raises(stylize.StylizeError, match="may be from an untrusted source"):
        stylize.run(victim / "private.mp4", like=untrusted_key(victim), keyframes=(1,))
    with pytest.raises(stylize.StylizeError, match=r"no A1111 at http://127\.0\.0\.1:9"):
        stylize.run(
            victim / "private.mp4", like=untrusted_key(victim), keyframes=(1,), trust=True, project=victim / "p"
        )


def untrusted_key(folder):
    path = folder / "key.json"
    path.write_text(json.dumps({"settings": {"renderer": "a1111", "url": "http://127.0.0.1:9", "prompt": "x"}}))
    return path


@pytest.mark.slow
def test_worker_processes_get_checked_settings(victim, run, tmp_path):
    words = ("--style", victim / "oil.png", "--keyframes", "1,4", "--to", "render")
    assert run(victim / "private.mp4", *words).returncode == 0
    project = victim / "private.stylize"
    shutil.rmtree(tmp_path / "data")  # as for another user
    assert run(project, "--from", "propagate", "--jobs", "2").returncode == 1
    assert run(project, "--from", "propagate", "--jobs", "2", "--allow", victim).returncode == 0
    assert len(list((project / "out").glob("*.png"))) == 4


def test_refusals_escape_terminal_control_sequences(victim, run, tmp_path):
    root = tmp_path / "x.stylize"
    root.mkdir()
    (root / "project.toml").write_text('shot = "/a\\u001b[2J\\u0007"\n[settings]\noutput = "/b\\n--trust"\n')
    done = run(root)
    assert "\x1b" not in done.stderr
    assert "\x07" not in done.stderr
    assert "\\x1b[2J" in done.stderr
    assert Path("/b").exists() is False

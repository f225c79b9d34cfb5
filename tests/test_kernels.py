"""Compiled kernels: quick to compile, safe to call from several threads, and kept where nobody else can write."""

import os
import threading
import time
import types
from pathlib import Path

import numba
import platformdirs
import pytest
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target

import stylize
from masks import min_cut
from propagate import patchmatch_numba, synthesis
from propagate.kernels import cache, cache_folder
from propagate.kernels.cache import KernelCache
from propagate.kernels.content_key import content_key
from propagate.kernels.kernel import inner, is_stored, kernel
from stylize import compile_kernels
from stylize.planning import coverage, eye_opening, fitting
from stylize.renderers import example

MODULES = (min_cut, patchmatch_numba, coverage, eye_opening, fitting)
KERNELS = [one for module in MODULES for one in vars(module).values() if isinstance(one, Dispatcher)]
SOURCE = "def triple(x):\n    return FACTOR * x\n"
INT = (numba.int64,)


def made(source=SOURCE, **names):
    """Execute a source as another installation would, and return its function."""
    module = types.ModuleType("somewhere")
    vars(module).update({"FACTOR": 3, **names})
    exec(source, vars(module))
    return module.triple


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of kernels."""
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    return tmp_path / "kernels"


def test_kernels_do_not_start_threads_of_numba():
    """Its threading layers are not safe for concurrent calls (workqueue), or may hang at exit (tbb)."""
    assert len(KERNELS) > 15
    assert not [kernel for kernel in KERNELS if kernel.targetoptions.get("parallel")]


def test_kernels_release_the_interpreter_and_count_no_references():
    assert all(kernel.targetoptions["nogil"] for kernel in KERNELS)
    assert not any(kernel.targetoptions["_nrt"] for kernel in KERNELS)


# Keys


def test_key_is_that_of_the_content():
    key = content_key(made())
    assert content_key(made()) == key
    assert content_key(made("# Moved.\n\n" + SOURCE)) == key
    others = [
        made(FACTOR=4), made(FACTOR=3.0), made("def triple(x):\n    return x * FACTOR\n"),
        made("def triple(x):\n    return 3 * x\n"),
    ]  # fmt: skip
    assert len({key, *map(content_key, others)}) == 5


def test_key_covers_called_kernels_and_their_options():
    source = "def triple(x):\n    return FACTOR(x)\n"
    callees = [inner(made()), inner(made(FACTOR=4)), numba.njit(made())]
    assert len({content_key(made(source, FACTOR=one)) for one in callees}) == 3
    assert content_key(made(source, FACTOR=inner(made()))) == content_key(made(source, FACTOR=callees[0]))


def test_key_covers_versions(monkeypatch):
    before = content_key(made())
    monkeypatch.setattr(numba, "__version__", "0.0")
    assert content_key(made()) != before


def test_global_that_cannot_be_hashed_is_refused():
    with pytest.raises(TypeError, match="global dict"):
        content_key(made(FACTOR={}))


def test_every_kernel_has_a_key_of_its_own():
    keys = [content_key(one.py_func) for one in KERNELS]
    assert len(set(keys)) == len(keys)


# Files


def test_another_installation_loads_what_one_has_compiled(folder):
    first, second, other = kernel(made()), kernel(made()), kernel(made(FACTOR=5))
    assert not is_stored(first)
    assert (first(2), second(2), other(2)) == (6, 6, 10)
    assert [sum(one.stats.cache_hits.values()) for one in (first, second, other)] == [0, 1, 0]
    assert is_stored(second)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:40] + b"?" + data[41:], lambda _: b""])
def test_damaged_file_is_compiled_again(folder, damage):
    assert kernel(made())(1) == 3
    (entry,) = folder.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    repaired = kernel(made())
    assert (repaired(1), sum(repaired.stats.cache_hits.values())) == (3, 0)
    loaded = kernel(made())
    assert (loaded(1), sum(loaded.stats.cache_hits.values())) == (3, 1)


@pytest.mark.parametrize("name", ["_store", "kernels_folder"])
def test_kernels_work_where_nothing_can_be_stored(folder, monkeypatch, name):
    def fail(*_):
        raise OSError

    monkeypatch.setattr(cache, name, fail if name == "_store" else lambda: None)
    assert kernel(made())(2) == 6
    assert not list(folder.glob("*"))


def test_unused_files_are_removed_and_used_ones_kept(folder):
    kernel(made())(1)
    (used,) = folder.iterdir()
    names = ["a.kernel", "b.kernel", "c.lock", "d.tmp", "e.txt"]
    for name in names:
        (folder / name).touch()
    days = {"a.kernel": cache.MAX_AGE + 1, "b.kernel": cache.MAX_AGE - 1, "c.lock": 2, "d.tmp": 2, "e.txt": 999}
    for path, age in {used: cache.MAX_AGE + 1, **{folder / name: age for name, age in days.items()}}.items():
        os.utime(path, times=(time.time() - age * 86400,) * 2)
    kernel(made())(1)  # loaded, and so used
    kernel(made(FACTOR=7))(1)  # stored
    assert used.exists()
    assert {path.name for path in folder.iterdir()} >= {"b.kernel", "e.txt"}
    assert not {"a.kernel", "c.lock", "d.tmp"} & {path.name for path in folder.iterdir()}


def compiled(function):
    """Return the result of a compilation that is not stored."""
    dispatcher = numba.njit(function)
    dispatcher.compile(INT)
    return dispatcher.overloads[INT]


def test_two_processes_compile_a_kernel_once(folder):
    target, result = cpu_target.target_context, compiled(made())
    one, other, found = KernelCache(made()), KernelCache(made()), []
    assert one.load_overload(INT, target) is None
    waiting = threading.Thread(target=lambda: found.append(other.load_overload(INT, target)))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    one.save_overload(INT, result)
    waiting.join(30)
    assert found[0] is not None
    assert [path.suffix for path in folder.iterdir()] == [".kernel"]


def test_wait_for_a_stopped_process_ends(folder, monkeypatch):
    monkeypatch.setattr(cache, "PATIENCE", 0.05)
    one, other = KernelCache(made()), KernelCache(made())
    assert one.load_overload(INT, cpu_target.target_context) is None
    assert other.load_overload(INT, cpu_target.target_context) is None
    other.save_overload(INT, compiled(made()))
    assert KernelCache(made()).load_overload(INT, cpu_target.target_context) is not None


# Folders


def test_folder_that_others_can_write_is_refused(tmp_path):
    def at(name, mode):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name).chmod(mode)
        return tmp_path / name

    assert cache_folder.is_safe(tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o755
    assert cache_folder.is_safe(at("readable", 0o755))
    assert not cache_folder.is_safe(at("group", 0o775))
    assert not cache_folder.is_safe(at("others", 0o757))
    assert not cache_folder.is_safe(at("below", 0o777) / "own")
    assert cache_folder.is_safe(at("sticky", 0o1777) / "own")
    (tmp_path / "link").symlink_to(at("aim", 0o700))
    assert not cache_folder.is_safe(tmp_path / "link")
    (tmp_path / "file").touch()
    assert not cache_folder.is_safe(tmp_path / "file")


def test_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "theirs"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 4242, 4242)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert not cache_folder.is_safe(folder)


def test_folders_are_tried_in_order(tmp_path, monkeypatch):
    def chosen():
        cache_folder.cache_folder.cache_clear()
        return cache_folder.cache_folder()

    tmp_path.chmod(0o700)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    temporary = tmp_path / f"stylize-{os.geteuid()}"
    monkeypatch.setattr(cache_folder.tempfile, "gettempdir", lambda: str(tmp_path))
    try:
        for home, expected in [
            (tmp_path / "home", tmp_path / "home"),
            (tmp_path / "open", temporary),
            (Path("~/c"), temporary),
        ]:
            monkeypatch.delenv(cache_folder.VARIABLE, raising=False)
            monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, home=home, **__: home)
            assert chosen() == expected
        monkeypatch.setenv(cache_folder.VARIABLE, str(tmp_path / "given"))
        assert chosen() == tmp_path / "given"
        monkeypatch.setenv(cache_folder.VARIABLE, str(tmp_path / "open"))
        assert chosen() is None
    finally:
        monkeypatch.undo()
        cache_folder.cache_folder.cache_clear()


# Compilation ahead of runs


def test_all_kernels_that_python_calls_are_compiled_ahead():
    compile_kernels.compile_all()
    called = [one for one in KERNELS if isinstance(one._cache, KernelCache)]
    assert len(called) >= 8
    assert min_cut.solve in called
    assert not any(isinstance(one._cache, FunctionCache) for one in KERNELS)  # needs a folder at import
    assert not [one.py_func.__name__ for one in called if not one.signatures]
    assert compile_kernels.compilation_note() is None


@pytest.mark.slow
def test_searches_of_a_run_are_compiled_ahead(monkeypatch, plates, style):
    used = set()

    class Recorded(patchmatch_numba.PatchMatchNumba):
        def __init__(self, radius, channels):
            super().__init__(radius, channels)
            used.add((radius, channels))

    for module in (synthesis, example):
        monkeypatch.setattr(module, "PatchMatchNumba", Recorded)
    stylize.run(plates, style=style, keyframes=(1, 8), project=plates.parent / "p.stylize")
    assert used == set(compile_kernels.SEARCHES)


def test_run_announces_compilation(folder, monkeypatch):
    monkeypatch.setattr(compile_kernels, "is_search_compiled", lambda: False)
    assert compile_kernels.compilation_note().startswith("kernels are compiled for this processor, once")
    monkeypatch.setattr(compile_kernels, "kernels_folder", lambda: None)
    assert "set STYLIZE_CACHE=FOLDER" in compile_kernels.compilation_note()


def test_search_counts_as_compiled_once_it_is_stored(folder):
    search = kernel(patchmatch_numba._sweep_field.py_func)
    assert not is_stored(search)
    folder.mkdir(exist_ok=True)
    (folder / f"{search._cache._name}-0.kernel").touch()
    assert is_stored(search)

"""Faults in a process of the command and in its workers; Python imports this file first, from its PYTHONPATH.

Operations that change files below STYLIZE_FAULT_ROOT are counted: open to write, write, create, rename, remove. At the
operation with the number in STYLIZE_FAULT, as in ``kill:37``, the fault happens, and is noted in STYLIZE_FAULT_LOG:

- ``kill``: the process kills itself before the operation, or in the middle of a write;
- ``killed``: the same after the operation;
- ``full``: the disk is full for this and all later operations that need space;
- ``count``: no fault; the number of operations is noted when the process ends.
"""

import atexit
import builtins
import errno
import io
import os
import signal
import threading

_ACTION, _, _NUMBER = os.environ.get("STYLIZE_FAULT", "").partition(":")
_ROOT, _LOG = os.environ.get("STYLIZE_FAULT_ROOT", ""), os.environ.get("STYLIZE_FAULT_LOG", "")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_count = 0
_lock = threading.RLock()
_real_open, _real_os_open = io.open, os.open


def _note(text):
    descriptor = _real_os_open(_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


def _is_inside(path):
    return isinstance(path, str | os.PathLike) and os.path.abspath(path).startswith(_ROOT)  # noqa: PTH100


def _die(what):
    _note(what)
    os.kill(os.getpid(), signal.SIGKILL)


class _Operation:
    """One operation: triggers the fault before it, or after it."""

    def __init__(self, name, path, *, needs_space=True):
        self._what, self._needs_space = f"{name} {path}", needs_space

    def __enter__(self):
        global _count
        with _lock:
            _count += 1
            self._due = _ACTION != "count" and _count == int(_NUMBER)
            late = _ACTION == "full" and _count >= int(_NUMBER)
        if late and self._needs_space:
            _note(self._what)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._due and _ACTION == "kill":
            _die(self._what)

    def __exit__(self, *error):
        if self._due and _ACTION == "killed":
            _die(self._what)


class _File:
    """A file whose writes are operations; a fault writes only the first half of the data."""

    def __init__(self, file, path):
        self._file, self._path = file, path

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        self._file.__enter__()
        return self

    def __exit__(self, *error):
        return self._file.__exit__(*error)

    def __iter__(self):
        return iter(self._file)

    def write(self, data):
        half = len(data) // 2
        self._file.write(data[:half])
        self._file.flush()
        with _Operation("write", self._path):
            return half + self._file.write(data[half:])


def _open(file, mode="r", *args, **more):
    if not set(mode) & set("wax+") or not _is_inside(file):
        return _real_open(file, mode, *args, **more)
    with _Operation("open", file):
        return _File(_real_open(file, mode, *args, **more), file)


def _os_open(path, flags, *args, **more):
    if not flags & _WRITING or not _is_inside(path):
        return _real_os_open(path, flags, *args, **more)
    with _Operation("create", path):
        return _real_os_open(path, flags, *args, **more)


def _counted(real, name, *, needs_space):
    def operation(path, *args, **more):
        # Creating an existing folder needs no space and changes nothing.
        if not _is_inside(path) or (name == "mkdir" and os.path.isdir(path)):  # noqa: PTH112
            return real(path, *args, **more)
        with _Operation(name, path, needs_space=needs_space):
            return real(path, *args, **more)

    return operation


if _ACTION:
    io.open = builtins.open = _open
    os.open = _os_open
    for _name in ("mkdir", "replace", "rename"):
        setattr(os, _name, _counted(getattr(os, _name), _name, needs_space=True))
    for _name in ("unlink", "remove", "rmdir"):
        setattr(os, _name, _counted(getattr(os, _name), _name, needs_space=False))
if _ACTION == "count":
    atexit.register(lambda: _note(_count))

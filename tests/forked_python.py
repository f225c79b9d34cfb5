"""Run Python programs in processes forked from a server that has imported the libraries.

Importing them takes most of the time of a short run. A program whose environment could change how Python or a library
starts gets an interpreter of its own. The server runs this file as a program.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).parents[1]
# Variables that programs read after they have started.
_READ_LATE = ("STYLIZE_", "PYTHONPATH", "PYTEST_", "COVERAGE_PROCESS_", "HOME", "XDG_", "COLUMNS")
# None of them may start a thread, which a fork would lose.
_PRELOADED = ("cli", "stylize.pipeline", "stylize.export", "stylize.spans.scheduler",
              "stylize.matting.matte_pipeline", "stylize.planning.plan_report", "stylize.renderers.example", "cv2",
              "av", "OpenImageIO", "scipy.ndimage", "scipy.cluster.vq", "scenedetect",
              "stylize.spans.worker_imports")  # fmt: skip
# CPU seconds of every program that has ended.
used: list[float] = []


def run(
    words: Sequence[object],
    *,
    cwd: Path | str = ROOT,
    env: Mapping[str, str] | None = None,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run Python with arguments, such as ``-m cli --help`` or ``-c CODE``, and return its exit code and output.

    Raises subprocess.TimeoutExpired after ``timeout`` seconds, once the program has been killed.
    """
    arguments = [str(word) for word in words]
    variables = dict(os.environ if env is None else env)
    if not _starts_alike(variables):
        return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=cwd,
                              env=variables, timeout=timeout)  # fmt: skip
    request = json.dumps({"words": arguments, "cwd": str(cwd), "env": variables}).encode()
    reading, writing = os.pipe()
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.TemporaryFile() as body,
        os.fdopen(reading, "rb", buffering=0) as replies,
    ):
        body.write(request)
        body.flush()
        socket.send_fds(_server()[0], [b"."], [body.fileno(), out.fileno(), err.fileno(), writing])
        os.close(writing)
        pid = int(replies.readline())
        if not select.select([replies], [], [], timeout)[0]:
            os.kill(pid, signal.SIGKILL)
            _count(replies.readline())
            raise subprocess.TimeoutExpired(arguments, timeout, *(_text(stream).encode() for stream in (out, err)))
        code = _count(replies.readline())
        texts = [_text(stream) for stream in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *texts)


def _count(reply: bytes) -> int:
    """Add the processor time of a program that has ended, and return its exit code."""
    code, seconds = reply.split()
    used.append(float(seconds))
    return int(code)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode().replace("\r\n", "\n")


def _starts_alike(variables: Mapping[str, str]) -> bool:
    """Return whether an environment differs from that of this process only in variables that programs read late."""
    names = {*variables, *os.environ}
    return all(name.startswith(_READ_LATE) for name in names if variables.get(name) != os.environ.get(name))


@cache
def _server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start the server. It ends when this process does, since that closes the connection."""
    ours, its = socket.socketpair()
    server = subprocess.Popen([sys.executable, __file__, str(its.fileno())], pass_fds=[its.fileno()], cwd=ROOT,
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}
                     | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    its.close()
    atexit.register(_stop, ours, server)
    return ours, server


def _stop(connection: socket.socket, server: subprocess.Popen[bytes]) -> None:
    connection.close()
    server.wait()


def _serve(connection: socket.socket) -> list[str]:
    """Fork for each request. Returns in the forked process only: the arguments of its program."""
    while True:
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 4)
        if not descriptors:
            os._exit(0)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the process that waits for the program
        if os.fork():
            for one in descriptors:
                os.close(one)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        connection.close()
        body, out, err, reply = descriptors
        if pid := os.fork():
            os.write(reply, f"{pid}\n".encode())
            _, status, usage = os.wait4(pid, 0)
            os.write(reply, f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime}\n".encode())
            os._exit(0)
        os.close(reply)
        os.dup2(out, 1)
        os.dup2(err, 2)
        with os.fdopen(body, "rb") as file:
            file.seek(0)
            request = json.load(file)
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        return request["words"]


def _begin(words: list[str]) -> None:
    """Do what Python does when it starts with these arguments and this environment."""
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = ["", *paths, *(path for path in sys.path[1:] if path not in paths)]
    if any(name.startswith("COVERAGE_PROCESS_") for name in os.environ):
        import coverage

        coverage.process_startup(force=True)
    if any((Path(path) / "sitecustomize.py").exists() for path in paths):
        sys.modules.pop("sitecustomize", None)
        import sitecustomize  # noqa: F401
    kind, target, *sys.argv[1:] = words
    if kind == "-m":
        runpy.run_module(target, run_name="__main__", alter_sys=True)
    else:
        sys.argv[0] = kind
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(target, main.__dict__)


def _end(program: Callable[[], None]) -> NoReturn:
    """Run a program and leave as Python does, without taking apart all that was imported."""
    code = 0
    try:
        program()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if code and not isinstance(error.code, int):
            sys.stderr.write(f"{error.code}\n")
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for name in _PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    words = _serve(socket.socket(fileno=int(sys.argv[1])))
    _end(lambda: _begin(words))

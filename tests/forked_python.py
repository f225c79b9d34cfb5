"""Run Python programs in processes forked from a server that has imported the libraries.

Importing them takes most of the time of a short run. A program whose environment could change how Python or a library
starts gets an interpreter of its own. The server runs this file as a program.
"""

import atexit
import contextlib
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
_READ_LATE = ("STYLIZE_", "PYTHONPATH", "PYTEST_", "COVERAGE_", "HOME", "XDG_", "COLUMNS")
# None of them may start a thread, which a fork would lose.
_PRELOADED = ("cli", "stylize.pipeline", "stylize.export", "stylize.spans.scheduler",
              "stylize.matting.matte_pipeline", "stylize.planning.plan_report", "stylize.renderers.example", "cv2",
              "av", "OpenImageIO", "scipy.ndimage", "scipy.cluster.vq", "scenedetect",
              "stylize.spans.worker_imports", "stylize.request", "PIL.ImageDraw", "PIL.ImageFont")  # fmt: skip
# CPU seconds of every program that has ended.
used: list[float] = []


class Program:
    """A running program, with the methods of subprocess.Popen. Its output is collected in files.

    before: Python that its process executes first, for example to give up rights.
    """

    def __init__(self, words: Sequence[object], *, cwd: Path | str = ROOT, env: Mapping[str, str] | None = None,
                 before: str = "", start_new_session: bool = False) -> None:  # fmt: skip
        self.args = [str(word) for word in words]
        self.returncode: int | None = None
        variables = dict(os.environ if env is None else env)
        if not _starts_alike(variables):
            raise ValueError("a program with this environment needs an interpreter of its own")
        request = {"words": self.args, "cwd": str(cwd), "env": variables, "before": before,
                   "session": start_new_session}  # fmt: skip
        self._streams = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115 - closed by wait
        reading, writing = os.pipe()
        self._replies = os.fdopen(reading, "rb", buffering=0)
        with tempfile.TemporaryFile() as body:
            body.write(json.dumps(request).encode())
            body.flush()
            descriptors = [body.fileno(), *(stream.fileno() for stream in self._streams), writing]
            socket.send_fds(_server()[0], [b"."], descriptors)
            os.close(writing)
            self.pid = int(self._replies.readline())

    def poll(self) -> int | None:
        """Return the exit code, or None while the program runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._replies], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            with self._replies, self._streams[0], self._streams[1]:
                self.returncode = _count(self._replies.readline())
                self._texts = _text(self._streams[0]), _text(self._streams[1])
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait, and return the output and the error output. Raises subprocess.TimeoutExpired."""
        self.wait(timeout)
        return self._texts

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the program has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the program with SIGKILL."""
        self.send_signal(signal.SIGKILL)


def run(
    words: Sequence[object],
    *,
    cwd: Path | str = ROOT,
    env: Mapping[str, str] | None = None,
    before: str = "",
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run Python with arguments, such as ``-m cli --help`` or ``-c CODE``, and return its exit code and output.

    before: see ``Program``. Raises subprocess.TimeoutExpired after ``timeout`` seconds, once the program has been
    killed.
    """
    if not before and not _starts_alike(dict(os.environ if env is None else env)):
        arguments = [sys.executable, *map(str, words)]
        return subprocess.run(
            arguments, capture_output=True, text=True, check=False, cwd=cwd, env=env, timeout=timeout
        )  # fmt: skip
    program = Program(words, cwd=cwd, env=env, before=before)
    try:
        program.wait(timeout)
    except subprocess.TimeoutExpired:
        program.kill()
        out, err = program.communicate()
        raise subprocess.TimeoutExpired(program.args, timeout, out.encode(), err.encode()) from None
    return subprocess.CompletedProcess(program.args, program.wait(), *program.communicate())


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
        if request["session"]:
            os.setsid()
        exec(request["before"], {})
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
    # Loaded once for all commands; no thread is started, which would not survive a fork.
    from stylize.compile_kernels import compile_all
    from stylize.stages import STAGES, installed_libraries, versions_of

    compile_all()
    installed_libraries()
    versions_of(STAGES)
    gc.freeze()
    words = _serve(socket.socket(fileno=int(sys.argv[1])))
    _end(lambda: _begin(words))

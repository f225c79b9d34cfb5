"""The review page in Chromium: a server of its own process, and what a page displays."""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
# Milliseconds for which a page may take; only a page that is broken takes as long.
PATIENCE = 60_000


class Address(str):
    """Address that ``stylize review`` prints. server: its process."""

    server: subprocess.Popen


@contextmanager
def served(*arguments, is_killed=False):
    """Run ``stylize review`` and yield the address that it prints. is_killed: the test kills the server."""
    command = [sys.executable, "-m", "cli", "review", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]]), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        address = Address(re.fullmatch(r"open: (http://127\.0\.0\.1:\d+/open\?token=\S+)\n", line)[1])
        address.server = server
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
        server.stdout.close()
    assert server.returncode == (-signal.SIGKILL if is_killed else 0)


@contextmanager
def chromium():
    """Run Chromium without a screen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def wait_for_frame(page, frame, *, exact=True):
    """Wait until the page displays a frame, by default its lossless picture."""
    state = f"[data-frame='{frame}']" + ("[data-exact=true]" if exact else "")
    page.wait_for_selector(f"#stage{state}", timeout=PATIENCE)

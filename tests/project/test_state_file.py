"""Concurrent creation of state.json."""

import threading
from concurrent.futures import ThreadPoolExecutor

from stylize.project.state_file import read_state, write_state

THREADS = 8


def test_threads_create_the_file_together(tmp_path):
    start = threading.Barrier(THREADS)

    def create(root):
        start.wait()
        write_state(root)

    with ThreadPoolExecutor(THREADS) as pool:
        for attempt in range(200):
            list(pool.map(create, [tmp_path / str(attempt)] * THREADS))
            assert read_state(tmp_path / str(attempt))
            assert len(list((tmp_path / str(attempt)).iterdir())) == 1

"""Results that tests of spans compare with."""

from functools import cache
from types import MappingProxyType

import cv2
import pytest

from tests.span_runs import frames_in, run_span, span_inputs


@pytest.fixture(scope="session")
def whole_span(tmp_path_factory):
    """Return the finished frames of a span that one thread has run without a stop, by number; tests only read them.

    Call with the span and the number of frames per drawing.
    """

    @cache
    def run(span, every=1):
        folder, threads = tmp_path_factory.mktemp("whole"), cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            return MappingProxyType(frames_in(run_span(span_inputs(folder), span, folder / "s", every=every)))
        finally:
            cv2.setNumThreads(threads)

    return run

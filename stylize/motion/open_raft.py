"""Implementation of ``--flow raft``, which reads the weights of ``--flow-weights``."""

from typing import Any

from propagate.flow import FlowEstimator
from stylize.motion.raft import open_raft
from stylize.motion.registered import FlowSetup


def open_raft_flow(setup: FlowSetup[Any]) -> FlowEstimator:
    """Return the RAFT estimator. Raises FlowError if its library or weights are missing."""
    return open_raft(setup.settings.flow_weights, setup.settings.threads)

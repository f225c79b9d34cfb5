"""Flow estimators by name, opened with the settings of a run. Those of other distributions are guarded."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from propagate.arrays import Bytes, Floats
from propagate.flow import FlowEstimator, check_flow
from propagate.flow_dis import DisFlow
from stylize.errors import FlowError
from stylize.extensions.discovery import flow
from stylize.extensions.opening import guard, open_extension, options_key, versions_of
from stylize.extensions.options import ExtensionOptions
from stylize.extensions.registrations import FlowRegistration
from stylize.settings import Settings
from stylize.settings.extension_options import own_options

# Class of the options that an estimator declares.
Options = TypeVar("Options")


@dataclass(frozen=True)
class FlowSetup(Generic[Options]):
    """Arguments that a flow estimator is opened with. settings: settings of the run. options: its own options."""

    settings: Settings
    options: Options


def open_dis(setup: FlowSetup[Any]) -> DisFlow:
    """Return the dense inverse search estimator of OpenCV."""
    return DisFlow()


def open_flow(settings: Settings) -> tuple[FlowEstimator, str]:
    """Return the estimator that ``--flow`` names, and its stage in the table of stages.

    Raises FlowError if its library or weights are missing, ExtensionError if an extension is invalid.
    """
    registration = flow(settings.flow)
    options = own_options(registration, settings.flow_options)
    opened: FlowEstimator = open_extension(registration, FlowSetup(settings, options))
    if not registration.stage:
        opened = _GuardedFlow(registration, options, opened)
    return opened, registration.cache_stage


@dataclass(frozen=True)
class _GuardedFlow:
    """Estimator of another distribution. Its errors name it, its flow is validated, and cache keys have its version."""

    registration: FlowRegistration
    options: ExtensionOptions
    estimator: FlowEstimator

    def cache_key(self) -> str:
        """Return its cache key, extended by its options and versions; see FlowEstimator. Raises FlowError."""
        with guard(self.registration, FlowError):
            own = self.estimator.cache_key()
            if not isinstance(own, str):
                raise TypeError(f"cache_key() returned {own!r}, expected a str")
        return f"{self.registration.name}-{versions_of(self.registration)}-{options_key(self.options)}-{own}"

    def __call__(self, source: Bytes, target: Bytes) -> Floats:
        """Estimate and validate flow; see FlowEstimator. Raises FlowError."""
        with guard(self.registration, FlowError):
            found = self.estimator(source, target)
            if not isinstance(found, np.ndarray):
                raise TypeError(f"it returned a {type(found).__name__}, expected an array")
            check_flow(found)
            if found.shape[:2] != target.shape[:2]:
                raise ValueError(f"its flow is {found.shape[:2]}, expected {target.shape[:2]} like the pictures")
        return found

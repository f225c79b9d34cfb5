"""Errors that this package raises on purpose.

StylizeError
├── SettingsError      an option, or a mix of options, that cannot be carried out
├── InputError         an input that cannot be used
│   ├── ShotError          the shot: missing, not a picture or video, empty, broken
│   ├── SequenceError      numbered files: gaps, two files for one number, mixed sizes
│   ├── FrameRangeError    a frame that the shot does not have
│   ├── StyleError         the reference picture
│   ├── PaintedKeyError    a painted key: wrong size, wrong number, unreadable
│   ├── PlanError          an edited table of keyframes: missing, or a line that cannot be read
│   ├── MatteError         a matte: wrong size, missing frames, unreadable
│   └── GuideError         a guide: wrong size, missing frames, too many channels, unreadable
├── FlowError          motion between frames: no library or weights, or vectors that do not fit
├── OutputError        a result cannot be written to its target
├── JobError           one of several processes was killed or could not start
├── ProjectError       a project folder that is not ours, is in use, or is damaged
└── RendererError      a renderer that is not installed or failed

A message is one line: what was expected, what was found and what to do. RenamedOptionWarning is a Python warning for
the former name of an option.
"""


class StylizeError(Exception):
    """Base class of all errors that this package raises on purpose."""


class SettingsError(StylizeError):
    """An option, or a combination of options, cannot be carried out."""


class RenamedOptionWarning(FutureWarning):
    """An option is given under a former name, which a later version removes."""


class InputError(StylizeError):
    """An input cannot be used."""


class ShotError(InputError):
    """The shot is missing, is no picture or video, is empty or is broken."""


class SequenceError(InputError):
    """Numbered files have a gap, two files for one number, or mixed sizes."""


class FrameRangeError(InputError):
    """A frame that was asked for is not in the shot."""


class StyleError(InputError):
    """The reference picture is missing, is no picture, or is too large."""


class PaintedKeyError(InputError):
    """A painted key has the wrong size or number, or cannot be read."""


class PlanError(InputError):
    """A table of keyframes is missing, or has a line that cannot be read."""


class MatteError(InputError):
    """A matte has the wrong size, lacks frames, or cannot be read."""


class GuideError(InputError):
    """A guide has the wrong size, lacks frames, has too many channels, or cannot be read."""


class FlowError(StylizeError):
    """Motion is unavailable: its library or weights are missing, or motion vectors do not fit the shot."""


class OutputError(StylizeError):
    """A result cannot be written to its target."""


class JobError(StylizeError):
    """A worker process was killed, ran out of memory or could not start."""


class ProjectError(StylizeError):
    """A project folder is not one of this package, is in use by another run, or is damaged."""


class RendererError(StylizeError):
    """A renderer is not installed, or failed to paint a key."""

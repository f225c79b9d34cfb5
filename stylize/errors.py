"""Errors that this package raises deliberately.

StylizeError
├── SettingsError      an invalid option or combination of options
├── InputError         an input that cannot be used
│   ├── ShotError          the shot: missing, not a picture or video, empty, damaged
│   ├── SequenceError      numbered files: gaps, two files for one number, mixed sizes
│   ├── FrameRangeError    a frame that the shot does not have
│   ├── StyleError         the reference picture
│   ├── PaintedKeyError    a painted key: wrong size, wrong number, unreadable
│   ├── PlanError          an edited table of keyframes: missing, or an unreadable line
│   ├── NoteError          a note on a frame: no text, a box outside the picture, an unreadable file
│   ├── MatteError         a matte: wrong size, missing frames, unreadable
│   └── GuideError         a guide: wrong size, missing frames, too many channels, unreadable
├── FlowError          motion between frames: no library or weights, or vectors that do not fit
├── OutputError        a result cannot be written to its target
├── JobError           one of several processes was killed or could not start
├── CancelledError     the caller cancelled the run
├── SessionError       a session used while it is closed or already running
├── ProjectError       a folder that is not a project, or a project that is in use or damaged
├── RendererError      a renderer that is not installed or that failed
├── ReviewError        the review page cannot be served, or a request of it is refused
└── ExtensionError     a broken renderer, flow estimator, exporter or segmenter from another distribution

A message is one line: what was expected, what was found and what to do. RenamedOptionWarning is a Python warning about
a former name of an option.
"""


class StylizeError(Exception):
    """Base class of all errors that this package raises deliberately."""


class SettingsError(StylizeError):
    """An option or a combination of options is invalid."""


class RenamedOptionWarning(FutureWarning):
    """An option is given under a former name, which a later version removes."""


class InputError(StylizeError):
    """An input cannot be used."""


class ShotError(InputError):
    """The shot is missing, not a picture or video, empty or damaged."""


class SequenceError(InputError):
    """Numbered files have a gap, two files for one number, or mixed sizes."""


class FrameRangeError(InputError):
    """A requested frame is not in the shot."""


class StyleError(InputError):
    """The reference picture is missing, not a picture, or too large."""


class PaintedKeyError(InputError):
    """A painted key has the wrong size or number, or cannot be read."""


class PlanError(InputError):
    """A table of keyframes is missing or has an unreadable line."""


class NoteError(InputError):
    """A note on a frame has no text or a box outside the picture, or the file of notes is unreadable."""


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


class CancelledError(StylizeError):
    """The caller cancelled the run. Finished work is kept, and a later run continues from there."""


class SessionError(StylizeError):
    """A session is used outside its ``with`` block, opened twice, or started while it is running."""


class ProjectError(StylizeError):
    """A folder is not a project of this package, is in use by another run, or is damaged."""


class RendererError(StylizeError):
    """A renderer is not installed or failed to paint a key."""


class ExtensionError(StylizeError):
    """An extension from another distribution is broken, or its name is not unique."""


class ReviewError(StylizeError):
    """The review page cannot be served, or a request of it is refused."""

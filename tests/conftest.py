"""What every test starts from."""

import signal

# What a script starts in its background ignores Ctrl-C, and so would every command that the tests run.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

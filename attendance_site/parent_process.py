"""Ending a process together with its parent."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def end_with(parent: int, number: signal.Signals) -> None:
    """Asks the kernel to signal this process when its parent dies, for whatever reason. Only Linux can do this."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent died before the call above
            os.kill(os.getpid(), number)

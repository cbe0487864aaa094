"""Ending with the process that started this one, however that ends."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def end_with(parent: int, number: signal.Signals) -> None:
    """Has this process sent a signal when its parent dies, however that dies. Only Linux can."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before it was asked for
            os.kill(os.getpid(), number)

"""A drill's processes, which die at a chosen step."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from django.db import connections

from absences.store import mongo
from attendance_site.parent_process import end_with
from drills.fuse import FUSE, death


def fork(work: Callable[[], None], steps: int | None, ashes: Path) -> int:
    """Forks a child that does the work and is killed after `steps` steps, if it gets that far. Returns its process
    id."""
    # Children must not inherit this process's connections.
    connections.close_all()
    mongo.close()
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        end_with(parent, signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        FUSE.watched = False
        FUSE.light(steps, death(ashes))
        work()
        code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    except Exception:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)

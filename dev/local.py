"""`make run`: the product with the demo, run by one process that starts the others and ends them with itself."""

import logging
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from shutil import rmtree
from types import FrameType
from typing import NoReturn

import django
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from absences.store import mongo, schema
from attendance_site.environment import env
from attendance_site.parent_process import end_with
from dev import mongod
from dev.processes import LOOPBACK, held, is_free, spawn, stop, until
from lessons.errors import StoreUnavailable

BASE_DIR = Path(__file__).resolve().parent.parent
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

WELCOME = """
Attendance is running. Press Ctrl-C to stop it.

  http://localhost:{port}/            today's lessons and their registers
  http://localhost:{port}/stats       statistics
  http://localhost:{port}/admin/      schools, people, timetable
  http://localhost:{port}/api/v1/     for other systems; POST /api/v1/token returns a token

The demo's accounts, each with the password attendance-demo:

  teacher, colleague   teach at the secondary school
  office, admin        run it
  integrator           is the account of its other systems
  operator             sees the nation's figures and no pupil
  outsider             teaches at the primary school
"""


class Refused(Exception):
    """A one-line reason why it cannot run."""


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal."""


def main() -> int:
    """Returns the exit status. With `reset` as the only argument, deletes the embedded stores instead of serving."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` stays in force
            signal.signal(number, _stop)
    if "MAKELEVEL" in os.environ:  # `make` waits for this process, so a signal to make is meant for it too
        end_with(os.getppid(), signal.SIGTERM)
    with ExitStack() as stack:
        try:
            folder = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
            command = reset if sys.argv[1:] == ["reset"] else run
            command(stack, folder)
        except Stopped:
            say("\nStopping.")
        except (Refused, mongod.Unavailable, ImproperlyConfigured, CommandError) as error:
            say(f"attendance: {' '.join(str(error).split())}")
            return 1
        finally:
            _ignore_signals()  # from here on every part is stopped in order, each with its deadline
    return 0


def run(stack: ExitStack, folder: Path) -> NoReturn:
    """Serves until it is stopped or a part ends; the parts end with the stack. Raises Refused or Stopped, which `main`
    reports."""
    from attendance_site import gunicorn_conf  # imported here, so that its wrong settings are reported like all others

    if env.bool("PRODUCTION", default=False):
        raise Refused("PRODUCTION is set, but this serves a demo with known passwords; see docker-compose.yml.")
    port = _port()
    _hold(stack, folder)
    if not env.str("MONGODB_URL", default=""):
        os.environ["MONGODB_URL"] = stack.enter_context(mongod.running(folder / "mongod", say))
    _prepare(folder)
    web = _child(stack, "-m", "gunicorn", "--config", gunicorn_conf.__file__, "--bind", f"{LOOPBACK}:{port}")
    reconciler = _child(stack, str(BASE_DIR / "manage.py"), "reconcile", "--forever")
    if not until(lambda: _answers(port) or web.poll() is not None, 60) or web.poll() is not None:
        raise Refused("The web server did not start.")
    say(WELCOME.format(port=port))
    ended, status = os.wait()
    name = {web.pid: "The web server", reconciler.pid: "The reconciler"}.get(ended, "MongoDB")
    raise Refused(f"{name} ended ({os.waitstatus_to_exitcode(status)}), so everything is stopped.")


def reset(stack: ExitStack, folder: Path) -> None:
    """Deletes the embedded stores; the next run makes new ones. Raises Refused while they are in use."""
    for name in ("DATABASE_URL", "MONGODB_URL"):
        if env.str(name, default=""):
            raise Refused(f"{name} is set, but this deletes only the embedded stores.")
    _hold(stack, folder)
    rmtree(folder / "mongod", ignore_errors=True)
    for file in folder.glob("attendance.sqlite3*"):
        file.unlink()
    say(f"Deleted the stores in {folder}. The next `make run` loads the demo again.")


def say(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:  # the terminal is gone: discard further output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(number: int, frame: FrameType | None) -> None:
    _ignore_signals()
    raise Stopped


def _ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _port() -> int:
    port = env.int("PORT", default=8000)
    if not 0 < port < 65536:
        raise Refused(f"PORT must be from 1 to 65535, not {port}.")
    if not until(lambda: is_free(port), 2):  # a server killed a moment ago may still be ending
        raise Refused(f"Port {port} is taken or not allowed. Choose another one: make run PORT={port % 65535 + 1}")
    return int(port)


def _hold(stack: ExitStack, folder: Path) -> None:
    try:
        stack.enter_context(held(folder / "lock"))
    except BlockingIOError as error:
        raise Refused(f"Another `make run` uses {folder}: stop it, or choose another folder with VAR_DIR.") from error
    except OSError as error:
        raise Refused(f"{folder} cannot be used: {error.strerror}.") from error


def _child(stack: ExitStack, *arguments: str) -> subprocess.Popen[bytes]:
    process = spawn([sys.executable, *arguments])
    stack.callback(stop, process)
    return process


def _answers(port: int) -> bool:
    try:
        connection = HTTPConnection(LOOPBACK, port, timeout=5)
        connection.request("GET", "/healthz")
        connection.getresponse().close()
        return True
    except (OSError, HTTPException):
        return False


def _prepare(folder: Path) -> None:
    """Brings stores, static files and the demo up to date, in this process, because starting Django takes most of the
    time."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attendance_site.settings")
    django.setup()
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # reported in one line below
    try:
        call_command("migrate", verbosity=0)
    except DatabaseError as error:
        raise Refused(f"The SQL database (DATABASE_URL) cannot be used: {error}.") from error
    try:
        schema.set_up()
    except StoreUnavailable as error:
        reason = str(error.__cause__).split(" (configured")[0]  # the rest is the driver's description of the servers
        raise Refused(f"MongoDB (MONGODB_URL) cannot be used: {reason}.") from error
    _collect_static(folder / "static.stamp")
    call_command("demo")
    connections.close_all()
    mongo.close()


def _collect_static(stamp: Path) -> None:
    """Collects static files unless every source is unchanged."""
    sources = [storage.path(name) for finder in get_finders() for name, storage in finder.list([])]
    state = sha256(repr([(path, Path(path).stat().st_mtime_ns) for path in sources]).encode()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == state and staticfiles_storage.exists("staticfiles.json")):
        call_command("collectstatic", verbosity=0, interactive=False, clear=True)
        stamp.write_text(state)


if __name__ == "__main__":
    sys.exit(main())

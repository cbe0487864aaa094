"""Gunicorn's settings, behind a proxy and for `make run`, each with its reason."""

import signal
from typing import Any

from attendance_site.environment import env
from attendance_site.parent_process import end_with

wsgi_app = "attendance_site.wsgi"
bind = f"0.0.0.0:{env.int('PORT', default=8000)}"

# Threads, because a request mostly waits for a store. A connection that is kept open costs no thread.
worker_class = "gthread"
workers = env.int("WEB_WORKERS", default=2)
threads = env.int("WEB_THREADS", default=8)

# The application is loaded once and shared by the workers. A fault shows before the first worker starts, and workers
# are ready at once: requests stay under 300 ms during a reload by USR2, while by HUP a fifth were slower. HUP does not
# read new code, so use USR2.
preload_app = True

# Longer than the proxy keeps its connections (60 s); otherwise it would send requests into closing connections.
keepalive = 75

# As long as nginx allows. A DELETE with the longest note needs 6 KiB, and gunicorn's default of 4094 refused it with an
# HTML page of its own.
limit_request_line = 8190

# Workers are not restarted after a number of requests: nothing leaks, and requests are slow while a worker starts.
max_requests = 0

# Seconds to finish the current requests when stopping. Statistics, the slowest, give up sooner.
graceful_timeout = 10

# Nothing uses the control socket, and it would be one more way in.
control_socket_disable = True

# Addresses begin at the root; no header may say otherwise, not even from the same machine.
forwarder_headers = ""

# The application logs events and the proxy counts requests; starting and stopping workers is not worth a line. Warnings
# are left out because they repeat a request line that gunicorn cannot read, and its query may hold a name.
loglevel = "error"


def post_fork(server: Any, worker: Any) -> None:
    """Ends a worker whose master was killed; it would hold the port for another second."""
    end_with(worker.ppid, signal.SIGKILL)

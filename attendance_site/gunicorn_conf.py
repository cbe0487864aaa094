"""How gunicorn serves the product, behind a proxy and by `make run`; every setting with its reason."""

import signal
from typing import Any

from attendance_site.environment import env
from attendance_site.parent_process import end_with

wsgi_app = "attendance_site.wsgi"
bind = f"0.0.0.0:{env.int('PORT', default=8000)}"

# Threads, since a request mostly waits for a store; connections that are kept open cost none of them.
worker_class = "gthread"
workers = env.int("WEB_WORKERS", default=2)
threads = env.int("WEB_THREADS", default=8)

# Loaded once and shared by the workers, who are ready at once: a fault shows before the first of them starts, and a
# reload by USR2 keeps requests under 300 ms (by HUP a fifth were slower). HUP does not read new code, use USR2.
preload_app = True

# Longer than the proxy keeps its connections (60 s): the other way round it would send requests into closing ones.
keepalive = 75

# As long as it takes, and as nginx takes: a DELETE with the longest note needs 6 KiB, and was refused beyond 4094 bytes
# by a page of HTML that is no answer of ours.
limit_request_line = 8190

# No worker is retired after so many requests: the requests that meet a starting worker are slow, and nothing leaks.
max_requests = 0

# Time for what is under way when it stops; the slowest, statistics, give up before.
graceful_timeout = 10

# A socket that controls the server has no use here and would be one more door.
control_socket_disable = True

# Addresses begin at the top; nobody's header says otherwise, not even beside the server.
forwarder_headers = ""

# What happens is logged by the product and counted by the proxy; starting and stopping workers is no news. A warning
# repeats the line of a request that it cannot read, whose query may hold a name.
loglevel = "error"


def post_fork(server: Any, worker: Any) -> None:
    """A worker whose master was killed would hold the port for another second."""
    end_with(worker.ppid, signal.SIGKILL)

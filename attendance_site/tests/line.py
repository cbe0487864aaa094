"""A breakable connection to PostgreSQL."""

import socket
import threading
from contextlib import suppress

from dev.processes import LOOPBACK


class Line:
    """A proxy to PostgreSQL that can be cut, mended, or made to hold back everything."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.flowing = threading.Event()
        self.flowing.set()
        self.ends: list[socket.socket] = []
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self._serve()

    def hold(self) -> None:
        """Behaves like a frozen server: its kernel accepts everything, and nothing comes back."""
        self.flowing.clear()

    def cut(self) -> None:
        self.flowing.set()
        for end in (self.listener, *self.ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.ends.clear()

    def mend(self) -> None:
        """Restores the line after a cut or a hold."""
        if self.flowing.is_set():
            self._listen()
        self.flowing.set()

    def _listen(self) -> None:
        self.listener = socket.create_server((LOOPBACK, self.port))
        self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, far = listener.accept()[0], socket.create_connection(self.target)
                self.ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # `close` alone does not wake a thread that waits in `recv`
            end.close()

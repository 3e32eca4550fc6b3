"""A loopback listener that can be stopped within a second, whatever its connections do, and started again on its port."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from socketserver import TCPServer

Serve = Callable[[socket.socket], None]
"""Serves one connection to its end; may raise OSError. The listener closes it afterwards."""


class Listener:
    def __init__(
        self, serve: Serve, *, tls: ssl.SSLContext | None = None, dropped: Callable[[], None] = lambda: None
    ) -> None:
        """`dropped` is called when the open connections were ended: to wake threads that wait for something else."""
        self.handshake_fails = False
        self.stopping = threading.Event()
        self.crashes: list[str] = []
        """What went wrong in the server itself: a test that finds something here has found a defect of the server."""
        self._serve = serve
        self._dropped = dropped
        self._tls = tls
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._tcp: TCPServer | None = None
        self._loop: threading.Thread | None = None
        self._place: socket.socket | None = None
        self.port = 0

    def start(self) -> None:
        """Does nothing when it runs already."""
        if self._tcp:
            return
        if self._place:
            self._place.close()
            self._place = None
        self.stopping = threading.Event()
        self._tcp = _Tcp(self.port, self._connect)
        self.port = self._tcp.server_address[1]
        self._loop = threading.Thread(target=self._tcp.serve_forever, args=(0.02,), daemon=True)
        self._loop.start()

    def stop(self) -> None:
        """Refuses connections from now on and ends those that are open. The port stays ours."""
        if not self._tcp or not self._loop:
            return
        self.stopping.set()
        self._tcp.shutdown()
        self._tcp.server_close()
        self._loop.join()
        self._tcp = self._loop = None
        self._place = _bound(self.port)
        self.drop()
        deadline = time.monotonic() + 0.8
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        self.stop()
        if self._place:
            self._place.close()
            self._place = None

    @property
    def connections(self) -> int:
        with self._lock:
            return len(self._open)

    def drop(self) -> None:
        """End every open connection now, without a word."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    # The plain method: that of a TLS socket would take the session from under its thread.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self._dropped()

    def _connect(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            self._threads.add(thread)
        thread.start()

    def _run(self, plain: socket.socket) -> None:
        connection = plain
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.handshake_fails:
                connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # a fatal alert: handshake_failure
                return
            if self._tls:
                connection.settimeout(10)
                connection = self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self._open.discard(plain)
                    self._open.add(connection)
                connection.do_handshake()
                connection.settimeout(None)
            if not self.stopping.is_set():
                self._serve(connection)
        except (OSError, ValueError) as problem:
            if not isinstance(problem, OSError) and not self.stopping.is_set():
                self.crashes.append(repr(problem))
        except Exception as problem:
            self.crashes.append(repr(problem))
        finally:
            with self._lock:
                self._open.discard(plain)
                self._open.discard(connection)
                self._threads.discard(threading.current_thread())
            plain.close()
            connection.close()


def reset_on_close(connection: socket.socket) -> None:
    """The close that follows sends RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _bound(port: int) -> socket.socket:
    """Holds the port without listening: connections are refused, and no other process takes it."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with contextlib.suppress(OSError):
        place.bind(("127.0.0.1", port))
    return place


class _Tcp(TCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, connect: Serve) -> None:
        self._connect = connect
        super().__init__(("127.0.0.1", port), None)  # type: ignore[arg-type]

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._connect(request)

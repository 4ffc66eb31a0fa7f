"""Run the sandbox, or any WSGI app, on a real HTTP server in a background thread."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from sandbox.factory import create_sandbox
from sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class RequestHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing; the world records the calls."""

    def connection_dropped(
        self, error: BaseException, environ: "WSGIEnvironment | None" = None
    ) -> None:
        # Otherwise the handler waits for another request on a closed connection.
        self.close_connection = True


class Server(ThreadedWSGIServer):
    daemon_threads = False  # joined on close, so that no response outlives the server

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connections: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(*args, **kwargs)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Close every connection and wait until the handler of each has returned.

        A browser's idle connection or a hanging fault would otherwise block forever.
        """
        with self._changed:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._connections)

    def server_close(self) -> None:
        self.close_connections()
        super().server_close()


@contextmanager
def run_sandbox(world: World, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve the sandbox inside a `with` block; yield its base URL."""
    with run_server(create_sandbox(world), host, port) as server:
        yield server.url


@contextmanager
def run_server(
    app: "WSGIApplication",
    host: str = "127.0.0.1",
    port: int = 0,
    fd: int | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Server]:
    """Serve any WSGI app inside a `with` block, on the listening socket `fd` if given."""
    server = Server(host, port, app, RequestHandler, fd=fd, ssl_context=tls)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="sandbox"
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()

"""One run as a page on loopback, for as long as its sweep lasts: read-only, two paths, no other host's name.

`/` is the page, `/events` its server-sent events: `picture` whenever something has changed, `report` once, the page of
the run when that is written, and `end`. Without a client nobody looks at the run: the one thread waits for a
connection, and the records are read by the threads of the clients, each record once for all of them.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from opbench.cli.output import exhausted
from opbench.errors import MachineError, OpbenchError
from opbench.live.watch import Watch

LOOPBACK = "127.0.0.1"

NAMES = frozenset({LOOPBACK, "localhost"})
"""That a request may be for. A page of another site, whose name was made to mean this machine (DNS rebinding), sends
its own; the port is not asked for, since a tunnel may have one of its own."""

POLL_S, BEAT_S = 1.0, 5.0
"""Between two looks, and between two pictures where nothing has changed: times go on, and a client that has left is
noticed."""

CLIENTS = 64
"""At a time. A client is a thread that waits, and more are refused."""

PATIENCE_S = 30.0
"""What a client may take to say what it wants, or to take what it is sent."""

LAST_S = 5.0
"""What the sweep waits at its end for clients to take the report."""


@dataclass
class Feed:
    """The run as text for all clients. now: seconds since 1970."""

    watch: Watch
    now: Callable[[], float] = time.time
    over: threading.Event = field(default_factory=threading.Event)
    report: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def picture(self) -> tuple[str, str]:
        """What changes with everything but the time, and a picture as JSON, or what is wrong with the records."""
        with self._lock:
            try:
                picture = self.watch.look(self.now())
            except OpbenchError as exc:
                return str(exc), json.dumps({"problem": str(exc)})
            return picture.progress.version, json.dumps(picture.to_json())


class Server(ThreadingHTTPServer):
    """wait: for so many seconds, or until the sweep is over; clients are served by threads of their own."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, page: bytes, feed: Feed, wait: Callable[[float], object] | None = None) -> None:
        self.page, self.feed, self.wait = page, feed, wait or feed.over.wait
        self.places = threading.BoundedSemaphore(CLIENTS)
        self.streams, self._streams_changed = 0, threading.Condition()
        self._thread = threading.Thread(target=self._go, name="opbench-serve", daemon=True)
        super().__init__((LOOPBACK, port), Handler)

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.server_address[1]}/"

    def handle_error(self, *_: object) -> None:
        """A client that left, or sent what is no request, is nobody's concern."""

    def start(self) -> None:
        """Serve, by a thread of its own, until `end`."""
        self._thread.start()

    def _go(self) -> None:
        """Waits without waking up: `serve_forever` looks twice a second."""
        while not self.feed.over.is_set():
            self.handle_request()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next client. Where none can be had, as with no file handle left, it is waited for and not asked for again
        and again: the one that knocks goes on knocking, and to answer it takes a processor from what is measured.
        """
        try:
            return super().get_request()
        except OSError:
            self.wait(POLL_S)
            raise

    def end(self, most_s: float) -> None:
        """Tell clients that it is over, give them so long to take the report, and serve nobody any more."""
        self.feed.over.set()
        with suppress(OSError):
            socket.create_connection((LOOPBACK, self.server_address[1]), timeout=1.0).close()  # which `_go` waits for
        self._thread.join(most_s)
        with self._streams_changed:
            self._streams_changed.wait_for(lambda: not self.streams, timeout=most_s)
        self.server_close()

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Meanwhile `end` waits."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._streams_changed:
            self.streams += change
            self._streams_changed.notify_all()


class Handler(BaseHTTPRequestHandler):
    """GET and HEAD of two paths; everything else is refused in a line."""

    server: Server
    server_version, sys_version = "opbench", ""
    timeout = PATIENCE_S
    HEADERS: ClassVar[dict[str, str]] = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

    def do_GET(self) -> None:
        """Serve a page or the events, or refuse."""
        if self._refused():
            return
        if not self.server.places.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"{CLIENTS} clients look at this run already")
            return
        try:
            if self.path == "/":
                self._head("text/html; charset=utf-8", len(self.server.page))
                self.wfile.write(self.server.page)
            else:
                self._events()
        finally:
            self.server.places.release()

    def do_HEAD(self) -> None:
        """The same without a body."""
        if not self._refused():
            page = self.path == "/"
            self._head(
                "text/html; charset=utf-8" if page else "text/event-stream", len(self.server.page) if page else None
            )

    def _refused(self) -> bool:
        host = self.headers.get("Host", "").strip().rpartition(":")
        name = host[0] if host[1] and host[2].isdigit() else self.headers.get("Host", "").strip()
        if name.lower() not in NAMES:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, f"this page is at {self.server.address} alone")
            return True
        if self.path not in {"/", "/events"}:
            self._refuse(HTTPStatus.NOT_FOUND, "there are / and /events")
            return True
        return False

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        body = f"{words}\n".encode()
        self.close_connection = True
        self._head("text/plain; charset=utf-8", len(body), status)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, kind: str, size: int | None, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **self.HEADERS}.items():
            self.send_header(name, value)
        if size is not None:
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def _events(self) -> None:
        server, feed = self.server, self.server.feed
        self.close_connection = True
        with server.stream():
            self._head("text/event-stream", None)
            last, silent_s = None, 0.0
            while True:
                over = feed.over.is_set()
                version, text = feed.picture()
                if version != last or silent_s >= BEAT_S or over:
                    self._event("picture", text)
                    last, silent_s = version, 0.0
                if over:
                    break
                server.wait(POLL_S)
                silent_s += POLL_S
            if feed.report is not None:
                self._event("report", json.dumps(feed.report.read_text(encoding="utf-8")))
            self._event("end", "{}")

    def _event(self, name: str, data: str) -> None:
        self.wfile.write(f"event: {name}\ndata: {data}\n\n".encode())

    def log_message(self, *_: object) -> None:
        """Nobody is told of requests."""


@contextmanager
def served(watch: Watch, port: int, page: bytes, tell: Callable[[str], None]) -> Iterator[Callable[[Path], None]]:
    """The run's page while the block lasts, at a port of loopback, 0 for any that is free; `tell` gets its address.

    Gives a function to be called with the report's page. Raises MachineError where the port cannot be had.
    """
    try:
        server = Server(port, page, Feed(watch))
    except (OSError, OverflowError) as exc:
        if said := exhausted(exc):
            raise MachineError(said) from exc
        reason = getattr(exc, "strerror", None) or str(exc)
        raise MachineError(f"cannot serve at {LOOPBACK}:{port}: {reason}; give another --serve PORT, or none") from exc
    server.start()
    tell(f"this run as a page, for this machine alone and until it is over: {server.address}")

    def reported(report: Path) -> None:
        server.feed.report = report

    try:
        yield reported
    finally:
        server.end(LAST_S)

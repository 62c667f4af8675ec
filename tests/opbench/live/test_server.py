"""The page of a run on loopback: two paths, this machine's names, many clients, and an end with the sweep."""

from __future__ import annotations

import errno
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from opbench.errors import MachineError
from opbench.live import server as server_module
from opbench.live.server import Feed, Server, served
from tests.rows import rows

from .conftest import BEGAN_S, Growing, case

PATIENCE_S = 20.0
"""A test that waits so long has failed."""


class Turns:
    """Instead of waiting for a second: a client looks again as often as the test has let it."""

    def __init__(self, feed: Feed) -> None:
        self.feed, self._changed = feed, threading.Condition()
        self._given, self._taken = 0, Counter[threading.Thread]()

    def __call__(self, _: float) -> None:
        me = threading.current_thread()
        with self._changed:
            self._taken[me] += 1
            may = self._changed.wait_for(
                lambda: self.feed.over.is_set() or self._given >= self._taken[me], timeout=PATIENCE_S
            )
        assert may

    def give(self, count: int = 1) -> None:
        with self._changed:
            self._given += count
            self._changed.notify_all()


class Client:
    """A real one, which reads events as they come."""

    def __init__(self, server: Server) -> None:
        self.connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=PATIENCE_S)
        self.connection.request("GET", "/events")
        self.answer = self.connection.getresponse()

    def event(self) -> tuple[str, dict[str, object]]:
        name, data, blank = (self.answer.readline().decode().rstrip("\n") for _ in range(3))
        assert blank == ""
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@pytest.fixture
def feed(growing: Growing) -> Feed:
    growing.begin(cases=3)
    growing.add(case(3))
    return Feed(growing.watch, lambda: BEGAN_S)


@pytest.fixture
def turns(feed: Feed) -> Turns:
    return Turns(feed)


@pytest.fixture
def server(feed: Feed, turns: Turns) -> Iterator[Server]:
    with started(feed, turns) as found:
        yield found


@contextmanager
def started(feed: Feed, turns: Turns) -> Iterator[Server]:
    server = Server(0, b"<p>page</p>", feed, turns)
    server.start()
    yield server
    turns.give(99)
    server.end(PATIENCE_S)


def answer(server: Server, path: str, method: str = "GET", host: str = "localhost") -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=PATIENCE_S)
    connection.request(method, path, headers={"Host": host})
    found = connection.getresponse()
    body = found.read()
    connection.close()
    return found, body


def test_the_page_is_served_and_may_be_neither_kept_nor_framed(server: Server) -> None:
    found, body = answer(server, "/")
    assert (found.status, body) == (200, b"<p>page</p>")
    assert found.headers["Cache-Control"] == "no-store"
    assert found.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert found.headers["X-Content-Type-Options"] == "nosniff"


@rows("path", ["/report.html", "/events/", "/?x", "/../etc/passwd", "/records.jsonl", "/%65vents", "/favicon.ico"])
def test_there_are_no_other_paths(server: Server, path: str) -> None:
    assert answer(server, path)[0].status == 404


@rows("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_sent(server: Server, method: str) -> None:
    assert answer(server, "/", method)[0].status == 501


@rows(
    "host, status",
    [
        *(("localhost", 200), ("127.0.0.1:8000", 200), ("LOCALHOST:1", 200)),
        *(("evil.example", 421), ("evil.example:8000", 421), ("127.0.0.1.evil.example", 421), ("", 421)),
        *(("localhost.evil.example", 421), ("127.0.0.1:x", 421), ("localhost:80@evil.example", 421), ("::1", 421)),
    ],
)
def test_only_a_request_for_this_machine_is_answered(server: Server, host: str, status: int) -> None:
    for method in ("GET", "HEAD"):
        assert answer(server, "/", method, host)[0].status == status


def test_a_head_has_no_body(server: Server) -> None:
    found, body = answer(server, "/", "HEAD")
    assert (found.status, found.headers["Content-Length"], body) == (200, "11", b"")


def test_it_listens_on_loopback_alone(server: Server) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_a_client_gets_a_picture_at_once_and_one_for_each_change(
    server: Server, turns: Turns, growing: Growing
) -> None:
    client = Client(server)
    assert client.answer.headers["Content-Type"] == "text/event-stream"
    assert client.event()[1]["done"] == 1
    turns.give()  # nothing has changed
    growing.add(case(5))
    turns.give()
    name, picture = client.event()
    assert (name, picture["done"]) == ("picture", 2)
    client.close()


def test_where_nothing_changes_time_goes_on(server: Server, turns: Turns) -> None:
    client = Client(server)
    client.event()
    turns.give(5)
    assert client.event()[1]["done"] == 1
    client.close()


def test_several_clients_see_the_same_and_each_record_is_read_once(
    server: Server, feed: Feed, turns: Turns, growing: Growing
) -> None:
    clients = [Client(server) for _ in range(5)]
    for client in clients:
        client.event()
    growing.add(case(5))
    turns.give()
    seen = [client.event()[1] for client in clients]
    assert [one["done"] for one in seen] == [2] * 5
    assert feed.watch.look(BEGAN_S).rows == 2
    for client in clients:
        client.close()


def test_more_clients_than_there_are_places_are_refused(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "CLIENTS", 1)
    turns = Turns(feed)
    with started(feed, turns) as server:
        client = Client(server)
        client.event()
        assert answer(server, "/")[0].status == 503
        client.close()


def test_a_client_that_leaves_or_talks_nonsense_disturbs_nobody(server: Server, turns: Turns) -> None:
    Client(server).close()
    with socket.create_connection(server.server_address[:2]) as nonsense:  # type: ignore[arg-type]
        nonsense.sendall(b"\x00\xff\r\n\r\n")
        nonsense.recv(1000)
    turns.give(10)
    assert answer(server, "/")[0].status == 200


def test_at_the_end_a_client_gets_the_report_and_is_told(
    server: Server, feed: Feed, turns: Turns, tmp_path: Path
) -> None:
    client = Client(server)
    client.event()
    feed.report = tmp_path / "report.html"
    feed.report.write_text('<p>"line"\n</p>')
    ending = threading.Thread(target=server.end, args=(PATIENCE_S,))
    ending.start()
    assert feed.over.wait(PATIENCE_S)
    turns.give(0)
    last, report, end = client.event(), client.answer.readline(), client.answer.readline()
    assert last[0] == "picture"
    assert report == b"event: report\n"
    assert json.loads(end.removeprefix(b"data: ")) == '<p>"line"\n</p>'
    client.answer.readline()
    assert client.event() == ("end", {})
    assert client.answer.read() == b""
    ending.join(PATIENCE_S)
    with pytest.raises(ConnectionRefusedError):
        answer(server, "/")


def test_records_that_cannot_be_read_are_told(server: Server, growing: Growing) -> None:
    with growing.run.records_file.open("ab") as file:
        file.write(b"nonsense\n")
    client = Client(server)
    assert "records.jsonl:3" in str(client.event()[1]["problem"])
    client.close()


def test_without_a_client_nobody_looks_at_the_run(server: Server, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    monkeypatch.setattr(feed.watch, "look", looks.append)
    answer(server, "/")
    assert looks == []


def test_a_client_that_no_file_handle_is_left_for_is_waited_for(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays at the door, and to ask for it without end would take a processor."""
    waited: list[float] = []
    server = Server(0, b"page", feed, waited.append)
    door = server_module.LOOPBACK, server.server_address[1]

    def accept(_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched, socket.create_connection(door, PATIENCE_S):
        patched.setattr(socket.socket, "accept", accept)
        server.handle_request()
        server.handle_request()
    assert waited == [server_module.POLL_S] * 2
    server.server_close()


def test_without_file_handles_the_limit_is_told(growing: Growing, monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(server_module, "Server", bind)
    with pytest.raises(MachineError, match=r"ulimit -n is"), served(growing.watch, 0, b"", print):
        pass


def test_a_port_that_is_taken_is_named(server: Server, growing: Growing) -> None:
    port = server.server_address[1]
    with (
        pytest.raises(MachineError, match=rf"^cannot serve at 127\.0\.0\.1:{port}: Address already in use; give"),
        served(growing.watch, port, b"", print),
    ):
        pass


def page_at(address: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", port_of(address), timeout=PATIENCE_S)
    connection.request("GET", "/")
    body = connection.getresponse().read()
    connection.close()
    return body


def port_of(address: str) -> int:
    return int(address.rstrip("/").rpartition(":")[2])


def test_the_page_is_there_for_as_long_as_the_sweep(growing: Growing) -> None:
    said: list[str] = []
    with served(growing.watch, 0, b"page", said.append):
        address = said[0].rpartition(" ")[2]
        assert page_at(address) == b"page"
    ended(address)


def test_a_sweep_that_is_interrupted_ends_its_page(growing: Growing) -> None:
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), served(growing.watch, 0, b"page", said.append):
        raise KeyboardInterrupt
    ended(said[0].rpartition(" ")[2])


def ended(address: str) -> None:
    assert not [thread for thread in threading.enumerate() if thread.name == "opbench-serve"]
    with pytest.raises(ConnectionRefusedError):
        page_at(address)

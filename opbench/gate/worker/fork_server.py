"""The server's half of starting workers by `fork`: do what they all need once, then fork one at each request.

Libraries and pytest's plugins are imported, and Python's own tables filled: of a worker's start, 0.32 s of a processor,
0.18 s are left, which are its own tree's code (Xeon, model 207). Nothing of it is of a tree, so that it is common to
base and head as the libraries are.

A request is one datagram of JSON with three file descriptors: requests, answers, log. The answer is the process's id.
One with `modules`, and none of these, is for more to import, and is not answered.
The worker is forked twice over, so that it becomes the child of the gate, which is a subreaper (fork_client.py).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import inspect
import json
import mmap
import os
import random
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from opbench.gate.worker.main import follow_parent

RunWorker: TypeAlias = Callable[[int, int, str], None]

ARGUMENTS = ("-q", "-p", "no:opbench", "-p", "no:cacheprovider", "-c", os.devnull)
"""As a worker starts pytest, but with no tree: see main.py."""

MEANT_FOR_TESTS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
"""Variables whose options and modules may need the tree, or would start processes: each fork has them for itself."""

SMALL_SIZES = tuple(1 << power for power in range(5, 17))
MOST_SMALL = 8
LARGE_SIZE, MAPPED_PAGES = 1 << 24, 1 << 14
"""How far apart forks' memory may come to lie, as that of processes does which the system starts at random places."""


def serve(fd: int, modules: Sequence[str], run_worker: RunWorker) -> None:
    """Until the other end of the socket is closed. modules: imported first, in that order."""
    follow_parent()
    prepare(modules)
    with socket.socket(fileno=fd) as requests:
        os.set_inheritable(fd, False)
        while True:
            message, fds, *_ = socket.recv_fds(requests, 1 << 16, 3)
            if not message:
                return
            request = json.loads(message)
            if "modules" in request:
                prepare(request["modules"])
                continue
            requests.send(str(_fork(request, fds, requests, run_worker)).encode())
            for received in fds:
                os.close(received)


def prepare(modules: Sequence[str]) -> None:
    """Import the modules, in that order; with pytest among them start it once, so that it imports its plugins itself.

    Imported in another way they could not have their assertions rewritten, which pytest warns about.
    """
    for name in modules:
        with contextlib.suppress(Exception):  # who needs it finds out by itself, and says so
            importlib.import_module(name)
    if "pytest" in modules:
        _start_pytest()
    inspect.getmodule(inspect.currentframe())  # looks the files of all modules up, as PyTorch's registrations do
    gc.freeze()  # a collection in a fork would write to, and so copy, all that it shares


def _start_pytest() -> None:
    """In an empty folder. Should it fail, every worker does what it would have done here."""
    import pytest

    given = {name: os.environ.pop(name) for name in MEANT_FOR_TESTS if name in os.environ}
    with TemporaryDirectory(prefix="opbench-gate-") as folder, contextlib.suppress(Exception, SystemExit):
        pytest.main([*ARGUMENTS, "--rootdir", folder, folder])
    os.environ.update(given)
    _leave_version_control_out()


def _leave_version_control_out() -> None:
    """pytest-benchmark asks git and Mercurial six things at every start, for the name of a file that no worker writes:
    0.07 s of a processor.
    """
    plugin: Any = sys.modules.get("pytest_benchmark.plugin")
    if hasattr(plugin, "get_tag"):
        plugin.get_tag = lambda *_: ""


def _fork(request: Mapping[str, Any], fds: Sequence[int], requests: socket.socket, run_worker: RunWorker) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid_read, pid_write = os.pipe()
    gate_read, gate_write = os.pipe()
    intermediate = os.fork()
    if intermediate == 0:
        pid = os.fork()
        if pid == 0:
            os.close(gate_write)
            os.read(gate_read, 1)  # nothing: it ends when the worker has its parent, whose death it will share
            _run(request, fds, requests, run_worker)
        os.setpgid(pid, pid)  # before anybody can want to end the group
        os.write(pid_write, str(pid).encode())
        os._exit(0)
    pid = int(os.read(pid_read, 32))
    os.waitpid(intermediate, 0)  # from now on the worker is the gate's child
    for end in (pid_read, pid_write, gate_read, gate_write):
        os.close(end)
    return pid


def _run(request: Mapping[str, Any], fds: Sequence[int], requests: socket.socket, run_worker: RunWorker) -> None:
    """In the fork: what a new interpreter would have been given. Never returns."""
    code = 1
    try:
        requests.close()
        requests_fd, answers_fd, log = fds
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.chdir(request["folder"])
        os.environ.update(request["environment"])
        first = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
        sys.path[:] = first + [part for part in sys.path if part not in first]
        importlib.invalidate_caches()
        randomise_layout(random.SystemRandom())
        run_worker(requests_fd, answers_fd, request["argument"])
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except BaseException:  # noqa: BLE001  (a fork must end here, and say why in its log)
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


_MAPPINGS: list[mmap.mmap] = []


def randomise_layout(draw: random.Random) -> None:
    """Move what is allocated and loaded from now on by a random distance, in the heap and among the mappings.

    Without it all forks would have the same addresses, and one side's code, being of another size, others throughout:
    what is luck between processes would be a difference between the sides. The memory is never touched.
    """
    allocate = ctypes.CDLL(None).malloc
    allocate.restype, allocate.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    for size in SMALL_SIZES:  # out of what imports have left behind
        for _ in range(draw.randrange(MOST_SMALL)):
            allocate(size)
    allocate(LARGE_SIZE // 4 + draw.randrange(LARGE_SIZE))  # off the top
    _MAPPINGS.append(mmap.mmap(-1, mmap.PAGESIZE * (1 + draw.randrange(MAPPED_PAGES)), prot=0))

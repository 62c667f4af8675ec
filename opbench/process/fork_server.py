"""The server's half of starting workers by `fork`: import what they all need once, then fork one at each request.

A request is one datagram of JSON with three file descriptors: requests, answers, log. The answer is the process's id,
or why there is none. One with `modules`, and none of these, is for more to import, and is not answered. The worker is
forked twice over, so that it becomes the child of who asked, which is a subreaper (fork_client.py). Nothing but the
standard library is needed: a server also stands in interpreters of others.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import inspect
import json
import mmap
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from opbench.process.descendants import VARIABLE, retell

RunWorker: TypeAlias = Callable[[int, int, str], None]
Prepare: TypeAlias = Callable[[Sequence[str]], None]

SMALL_SIZES = tuple(1 << power for power in range(5, 17))
MOST_SMALL = 8
LARGE_SIZE, MAPPED_PAGES = 1 << 24, 1 << 14
"""How far apart forks' memory may come to lie, as that of processes does which the system starts at random places."""

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def follow_parent() -> None:
    """Leave it to the parent what Ctrl-C means, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def import_all(modules: Sequence[str]) -> None:
    """In that order."""
    for name in modules:
        importlib.import_module(name)


def serve(
    fd: int, modules: Sequence[str], run_worker: RunWorker, *, alone: bool = False, prepare: Prepare = import_all
) -> None:
    """Until the other end of the socket is closed. modules: what `prepare` gets first.

    alone: whether to refuse, with the reason, to fork beside threads that these have started.
    """
    follow_parent()
    _prepare(modules, prepare)
    with socket.socket(fileno=fd) as requests:
        os.set_inheritable(fd, False)
        while True:
            message, fds, *_ = socket.recv_fds(requests, 1 << 16, 3)
            if not message:
                return
            request = json.loads(message)
            if "modules" in request:
                _prepare(request["modules"], prepare)
                continue
            answer = (alone and threads()) or str(_fork(request, fds, requests, run_worker))
            requests.send(answer.encode())
            for received in fds:
                os.close(received)


def _prepare(modules: Sequence[str], prepare: Prepare) -> None:
    prepare(modules)
    inspect.getmodule(inspect.currentframe())  # looks the files of all modules up, as PyTorch's registrations do
    gc.freeze()  # a collection in a fork would write to, and so copy, all that it shares


def threads() -> str:
    """Why nothing may be forked from this process: a fork has one thread, and waits for ever for what others held.

    Asked after a fork that ends at once: libraries that know about forks end their threads before one. OpenBLAS, which
    has started some when NumPy is imported, starts them again when it next computes.
    """
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)
    count = len(os.listdir("/proc/self/task"))  # noqa: PTH208
    return f"what it imported has {count - 1} threads at work" if count > 1 else ""


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
    os.waitpid(intermediate, 0)  # from now on the worker is the child of who asked
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
        own = request["environment"]
        if VARIABLE in own:
            retell(own[VARIABLE])
        os.environ.update(own)
        if "PYTHONPATH" in own:
            first = [part for part in own["PYTHONPATH"].split(os.pathsep) if part]
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

"""The server's half of starting workers by `fork`: import what they all need once, then fork one at each request.

A request is one datagram of JSON with three file descriptors: requests, answers, log. The answer is the process's id.
The worker is forked twice over, so that it becomes the gate's own child (`forks.py` is a subreaper), to be waited for.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import mmap
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Work: TypeAlias = Callable[[int, int, str], None]

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h

SMALL_BYTES = tuple(1 << power for power in range(5, 17))
MOST_SMALL = 8
LARGE_BYTES, MAPPED_PAGES = 1 << 24, 1 << 14
"""How far apart forks' memory may come to lie, as that of processes does which the system starts at random places."""


def serve(fd: int, modules: Sequence[str], work: Work) -> None:
    """Until the other end of the socket is closed. modules: imported first, in that order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    for name in modules:
        importlib.import_module(name)
    gc.freeze()  # a collection in a fork would write to, and so copy, all that it shares
    with socket.socket(fileno=fd) as requests:
        os.set_inheritable(fd, False)
        while True:
            message, fds, *_ = socket.recv_fds(requests, 1 << 16, 3)
            if not message:
                return
            requests.send(str(_forked(json.loads(message), fds, requests, work)).encode())
            for each in fds:
                os.close(each)


def _forked(request: Mapping[str, Any], fds: Sequence[int], requests: socket.socket, work: Work) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    told, tell = os.pipe()
    held, release = os.pipe()
    between = os.fork()
    if between == 0:
        pid = os.fork()
        if pid == 0:
            os.close(release)
            os.read(held, 1)  # nothing: it ends when the worker has its parent, whose death it will share
            _run(request, fds, requests, work)
        os.setpgid(pid, pid)  # before anybody can want to end the group
        os.write(tell, str(pid).encode())
        os._exit(0)
    pid = int(os.read(told, 32))
    os.waitpid(between, 0)  # from now on the worker is the gate's child
    for end in (told, tell, held, release):
        os.close(end)
    return pid


def _run(request: Mapping[str, Any], fds: Sequence[int], requests: socket.socket, work: Work) -> None:
    """In the fork: what a new interpreter would have been given. Never returns."""
    code = 1
    try:
        requests.close()
        asked, answers, log = fds
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.chdir(request["folder"])
        os.environ.update(request["environment"])
        first = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
        sys.path[:] = first + [part for part in sys.path if part not in first]
        importlib.invalidate_caches()
        _scatter(random.SystemRandom())
        work(asked, answers, request["word"])
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


_KEPT: list[mmap.mmap] = []


def _scatter(chance: random.Random) -> None:
    """Move what is allocated and loaded from now on by a random distance, in the heap and among the mappings.

    Without it all forks would have the same addresses, and one side's code, being of another size, others throughout:
    what is luck between processes would be a difference between the sides. The memory is never touched.
    """
    allocate = ctypes.CDLL(None).malloc
    allocate.restype, allocate.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    for size in SMALL_BYTES:  # out of what imports have left behind
        for _ in range(chance.randrange(MOST_SMALL)):
            allocate(size)
    allocate(LARGE_BYTES // 4 + chance.randrange(LARGE_BYTES))  # off the top
    _KEPT.append(mmap.mmap(-1, mmap.PAGESIZE * (1 + chance.randrange(MAPPED_PAGES)), prot=0))

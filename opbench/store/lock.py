"""One at a time: whatever measures on one physical device, gates in a repository's folder.

The lock is the kernel's, on an open file, so a holder that is killed frees it. The file stays when the lock is
free: removing it would let two runs hold one lock each, on the old file and on a new one of the same name.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from opbench.errors import MachineError

POLL_S = 1.0

WAIT_S = 3600.0
"""What a measurement waits for another: most sweeps take minutes, a grid hours, and then somebody should be told."""

FOLDER = "OPBENCH_LOCKS"
"""Environment variable: the folder of the locks, where that is not the one for temporary files."""


@contextmanager
def measuring(device: str, tell: Callable[[str], None], wait: bool = True) -> Iterator[None]:
    """Nothing else of opbench measures on the device meanwhile: `cpu`; `cuda`, PyTorch's current one, or `cuda:1`.

    tell: told once for whom it waits. Raises MachineError after WAIT_S, or at once unless it is to `wait`.
    """
    with measuring_on((device,), tell, wait):
        yield


@contextmanager
def measuring_on(
    devices: Iterable[str],
    tell: Callable[[str], None],
    wait: bool = True,
    name_of: Callable[[str], str] | None = None,
) -> Iterator[None]:
    """As `measuring`, on several devices, however they are named: each physical device is locked once.

    They are taken in one order by all who take several, so that no two wait for each other. Waits for each in turn.
    name_of: `lock_name`, or who knows without asking in this process.
    """
    with ExitStack() as held:
        for name in sorted(set(map(name_of or lock_name, devices))):
            held.enter_context(exclusive(name, tell, wait_s=WAIT_S if wait else 0.0))
        yield


def lock_name(device: str) -> str:
    """What measurements on this device exclude each other by: the host's `cpu`, whichever of its processors are meant
    (`cpu:0-3`), or the GPU's UUID.
    """
    kind, _, which = device.partition(":")
    return kind if kind == "cpu" else device_lock_name(int(which) if which else None)


def device_lock_name(number: int | None = None) -> str:
    """UUID of PyTorch's device of this number, the current one for None. Raises MachineError without one."""
    torch: Any = import_module("torch")
    if not torch.cuda.is_available():
        raise MachineError(f"torch {torch.__version__} sees no CUDA device here; measure on the device 'cpu'")
    if number is not None and number >= (count := torch.cuda.device_count()):
        known = ", ".join(f"cuda:{each}" for each in range(count))
        raise MachineError(f"there is no device cuda:{number} here; there are: {known}")
    place = torch.cuda.current_device() if number is None else number
    uuid = str(torch.cuda.get_device_properties(place).uuid)
    return uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"  # PyTorch leaves NVIDIA's prefix out


@contextmanager
def exclusive(
    name: str,
    tell: Callable[[str], None],
    *,
    doing: str | None = None,
    wait_s: float = 600.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the machine-wide lock `name`: `cpu`, a GPU's UUID, `repository-DIGEST`; it cannot be taken twice.

    While another holds it, `tell` is told once who, and what they are `doing` ("measuring on NAME" unless given).
    Raises MachineError when it is still taken after `wait_s` seconds, or its file cannot be opened.
    """
    path = Path(os.environ.get(FOLDER) or tempfile.gettempdir(), f"opbench-{name}.lock")
    descriptor = _opened(path)
    try:
        _acquire(descriptor, doing or f"measuring on {name}", tell, wait_s, clock, sleep)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {datetime.now().astimezone():%H:%M}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(
    descriptor: int,
    doing: str,
    tell: Callable[[str], None],
    wait_s: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    deadline = clock() + wait_s
    told = False
    while not _taken(descriptor):
        holder = _holder(descriptor, doing)
        if clock() >= deadline:
            waited = f"waited {wait_s:g} s for {holder}" if wait_s else f"not waiting for {holder}"
            raise MachineError(f"{waited}: let it end, or end it, and start again")
        if not told:
            tell(f"waiting for {holder}")
            told = True
        sleep(POLL_S)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int, doing: str) -> str:
    """Who holds the lock; one that took it this instant has not written its name yet."""
    process, _, since = os.pread(descriptor, 100, 0).decode(errors="replace").partition(" ")
    return f"process {process}, {doing} since {since}" if since else f"another process, {doing}"


def _opened(path: Path) -> int:
    """The file, for every user of the machine, whoever made it and whatever their umask.

    Opened before it is created: with fs.protected_regular, Linux refuses O_CREAT on a file in /tmp that another user
    made, to root too, although its mode allows writing.
    """
    there = os.O_RDWR | os.O_NOFOLLOW
    try:
        with suppress(FileNotFoundError):
            return os.open(path, there)
        with suppress(FileExistsError):  # another made it just now
            descriptor = os.open(path, there | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(descriptor, 0o666)
            return descriptor
        return os.open(path, there)
    except OSError as exc:
        raise MachineError(f"cannot open the lock {path}: {exc.strerror}; remove that file, or set TMPDIR") from exc

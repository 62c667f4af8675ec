"""The cheats as an operator of the catalogue, in this process and in the measuring processes it starts."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoints
from pathlib import Path

import pytest

from opbench import catalog, operator_backends, plugins

TESTS = Path(__file__).parents[1]

OURS = cache(catalog.own_operators)
"""Read once: they stay while another package's come and go, and two hundred tests would list their folders again."""


COMMANDS_HANDLE = signal.SIGTERM, signal.SIGHUP


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """A command that is killed politely ends like Ctrl-C, and ignores the terminal's second word; pytest does not."""
    before = {number: signal.getsignal(number) for number in COMMANDS_HANDLE}
    yield
    for number, handler in before.items():
        if handler is not None:  # of another than Python's
            signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _unchanged_process() -> Iterator[None]:
    """A measuring process sets PyTorch up for itself; what a test does so in this one ends with the test."""
    torch = sys.modules.get("torch")
    before = None if torch is None else (torch.is_grad_enabled(), torch.backends.cudnn.allow_tf32)
    threads = None if torch is None else torch.get_num_threads()
    yield
    torch = sys.modules.get("torch")
    if torch is None:
        return
    grad, allowed = before or (True, True)
    torch.set_grad_enabled(grad)
    torch.backends.cudnn.allow_tf32 = allowed
    if threads and torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def cheats_installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, EntryPoints]]:
    """Where the cheats' operator is announced, the way any installed package would announce one, and what is announced
    then, read once: 12 ms of a test that takes 100.
    """
    metadata = tmp_path_factory.mktemp("cheats") / "cheats-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: cheats\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        "[opbench.operators]\nliar = cheats.liar\ndisturbing = cheats.disturbing\n"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(metadata.parent))
        return metadata.parent, plugins.entry_points.__wrapped__()


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch, cheats_installed: tuple[Path, dict[str, EntryPoints]]) -> Iterator[str]:
    """The name of the cheats' operator."""
    site, announced = cheats_installed
    for folder in (site, TESTS):
        monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{site}:{TESTS}", prepend=":")
    monkeypatch.setattr(operator_backends, "OPTIONAL", operator_backends.OPTIONAL | {"cupy_of_the_future"})
    monkeypatch.setattr(plugins, "entry_points", lambda: announced)
    monkeypatch.setattr(catalog, "own_operators", OURS)
    for cached in (catalog.operators, plugins.announced):
        cached.cache_clear()
    yield "liar"
    for cached in (catalog.operators, plugins.announced):
        cached.cache_clear()

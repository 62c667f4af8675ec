"""A command of opbench that is forked and not started: two seconds of a processor less for each that is killed."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["torch", "ray", "opbench.commands.app", "opbench.commands.sweep.run"])


class ForkedCommand:
    """At work at once, and silent. words: after `opbench`. variables: all of its environment."""

    def __init__(self, words: Sequence[str], variables: Mapping[str, str]) -> None:
        self._process = CONTEXT.Process(target=_command, args=(list(words), dict(variables)), daemon=True)
        self._process.start()

    def poll(self) -> int | None:
        """Its exit code, negative where a signal ended it; None while it is at work."""
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()


def _command(words: Sequence[str], variables: Mapping[str, str]) -> None:
    """In the fork."""
    os.environ.clear()
    os.environ.update(variables)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    sys.argv = ["opbench", *words]
    from opbench.commands.app import main

    main()

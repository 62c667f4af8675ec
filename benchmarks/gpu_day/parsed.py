"""Reads a command line of `opbench` as the command line does, and runs nothing: `python -m benchmarks.gpu_day.parsed`.

Exit code 2, in a line, for a word that the real command would not take.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from opbench.cli import options
from opbench.commands.app import app
from opbench.errors import UsageError


def parse(words: Sequence[str]) -> None:
    """Raises UsageError for words that no command takes; axes are held against the vocabulary, not the operator."""
    command: Any = typer.main.get_command(app)
    try:
        with command.make_context("opbench", list(words)) as context:
            name, found, rest = command.resolve_command(context, list(words))
            with found.make_context(name, rest, parent=context) as inner:
                if found.allow_extra_args:
                    options.split(str(name), [*inner.params.get("words", ()), *inner.args], needed=1)
    except UsageError:
        raise
    except Exception as exc:
        # What the option parser raises, whichever click this typer carries, knows its own message.
        if not hasattr(exc, "format_message"):
            raise
        raise UsageError(f"opbench {' '.join(words)}: {exc.format_message()}") from exc


def main() -> int:
    try:
        parse(sys.argv[1:])
    except UsageError as exc:
        print(exc)
        return UsageError.exit_code
    print("parsed: opbench", *sys.argv[1:])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What the two commands share: one line for a refusal, never a traceback, and the exit codes of `opbench`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

import torch
import typer

from impls.hadaptive.config import NetworkConfig, parse
from impls.hadaptive.variants import variant
from opbench.errors import MachineError, OpbenchError, UsageError

INTERRUPTED = 130


def application() -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def run(app: typer.Typer, name: str, interrupted: str = "what was finished is kept, --resume goes on") -> NoReturn:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it, 130 interrupted.

    interrupted: what to say after Ctrl-C of the work that was done.
    """
    try:
        code = app(prog_name=f"python -m impls.hadaptive.{name}", standalone_mode=False) or 0
    except OpbenchError as exc:
        _refuse(name, str(exc), exc.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as exc:
        # What the option parser raises, whichever click this typer carries, knows its own message.
        if not hasattr(exc, "format_message"):
            raise
        _refuse(name, f"{exc.format_message()} See --help.", 2)
    if code == INTERRUPTED:  # which newer releases of typer return instead of raising
        _refuse(name, f"interrupted; {interrupted}", code)
    sys.exit(code)


def network_config(named: str) -> NetworkConfig:
    """A variant by name, or the configuration in a JSON file as `NetworkConfig.plain` makes it.

    Raises UsageError for an unknown name, and for a file that is not there or is not a configuration.
    """
    if not named.endswith(".json"):
        return variant(named)
    try:
        plain = json.loads(Path(named).read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError(f"no file {named}; expected a network's configuration in JSON, or a variant's name") from exc
    except OSError as exc:
        raise UsageError(
            f"{named} cannot be read ({exc.strerror}); expected a file with a configuration in JSON"
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{named} is not JSON ({exc!s:.200}); expected a network's configuration") from exc
    if not isinstance(plain, dict):
        raise UsageError(f"{named} holds a {type(plain).__name__}; expected an object with the fields of NetworkConfig")
    try:
        return parse(plain)
    except UsageError as exc:
        raise UsageError(f"{named}: {exc}") from exc


def numbers(option: str, text: str) -> tuple[int, ...]:
    """Distinct whole numbers from 0, comma-separated. Raises UsageError for anything else."""
    words = text.split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise UsageError(f"{option} is {text!r}; expected whole numbers from 0, comma-separated, such as 0,1,2")
    parsed = tuple(int(word) for word in words)
    if len(set(parsed)) < len(parsed):
        raise UsageError(f"{option} is {text!r}; expected each number once")
    return parsed


def usable_device(named: str) -> str:
    """`auto` is a GPU where there is one.

    Raises UsageError for another word, MachineError for a GPU that is not there.
    """
    if named not in {"auto", "cpu", "cuda"}:
        raise UsageError(f"no device {named!r}; there are: auto, cpu, cuda")
    there = torch.cuda.is_available()
    if named == "cuda" and not there:
        raise MachineError("no CUDA device: PyTorch sees none on this machine; use --device cpu")
    return "cuda" if there and named != "cpu" else "cpu"


def use_threads(threads: int) -> None:
    """CPU threads of this process; 0 leaves PyTorch's choice. Raises UsageError below 0."""
    if threads < 0:
        raise UsageError(f"--threads is {threads}; expected at least 1, or 0 for PyTorch's choice")
    if threads:
        torch.set_num_threads(threads)


def _refuse(name: str, message: str, code: int) -> NoReturn:
    print(f"{name}: {message}", file=sys.stderr)
    sys.exit(code)

"""What was measured of the caches, kept per machine and number of threads, and found again in half a millisecond.

Nothing here measures and nothing fails: where there is no measurement, or none that can be trusted, the system's word
stands in for it, and a note says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from opbench.cache import cache_folder, content_digest
from opbench.caches.told import processors
from opbench.caches.use import CacheUse, from_system
from opbench.cli.plain import plain
from opbench.store.files import write_whole

SCHEMA = 1

_TOLD = ("vendor_id", "cpu family", "model", "model name", "stepping", "CPU implementer", "CPU part")
"""Lines of /proc/cpuinfo that name a processor."""

_FIRST = 2048
"""Bytes of /proc/cpuinfo that tell of the first processor: the whole file takes a large server milliseconds."""


INSTEAD = "what the system tells is used instead; measure again: opbench ceilings --again"


def known(threads: int) -> CacheUse:
    """What was measured on this machine for so many threads; else what the system tells, with a note where a kept
    measurement cannot be used. Never measures, never raises.
    """
    here = machine(max(1, threads))
    file = file_for(here)
    try:
        return _read(json.loads(file.read_text(encoding="utf-8")), here)
    except FileNotFoundError:
        return from_system(threads)
    except OSError as exc:
        return replace(from_system(threads), note=f"cannot read {file}: {exc.strerror}; what the system tells is used")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        told = f"{file} holds no measurement of this machine's caches ({plain(str(exc))[:200]})"
        return replace(from_system(threads), note=f"{told}; {INSTEAD}")


def keep(use: CacheUse, threads: int) -> str:
    """Put a measurement in place of an earlier one. Returns why it cannot be kept, in one line, or ""."""
    here = machine(max(1, threads))
    file = file_for(here)
    data = {"schema": SCHEMA, "machine": here, **asdict(use)}
    try:
        write_whole(file, f"{json.dumps(data, indent=1)}\n".encode())
    except OSError as exc:
        return f"cannot keep what was measured of the caches in {file}: {exc.strerror}; set OPBENCH_CACHE"
    return ""


def file_for(here: Mapping[str, Any]) -> Path:
    """Where the measurement of a `machine` is kept; the file need not exist."""
    return cache_folder() / "caches" / f"{content_digest(here)}.json"


def machine(threads: int) -> dict[str, Any]:
    """What a measurement belongs to."""
    return {
        "processor": _processor(),
        "machine": os.uname().machine,
        "release": os.uname().release,
        "processors": len(processors()),
        "memory_pages": os.sysconf("SC_PHYS_PAGES"),
        "threads": threads,
    }


def _processor() -> dict[str, str]:
    try:
        with Path("/proc/cpuinfo").open("rb", buffering=0) as file:
            lines = file.read(_FIRST).decode(errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    told = ((name.strip(), value.strip()) for name, _, value in pairs)
    return {name: value for name, value in reversed(list(told)) if name in _TOLD}


def _read(data: dict[str, Any], here: Mapping[str, Any]) -> CacheUse:
    """Raises KeyError, TypeError or ValueError where the data is not what `keep` writes here."""
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema {data['schema']}, this opbench reads {SCHEMA}")
    if data["machine"] != here:
        raise ValueError("it is of another machine or number of threads")
    use = CacheUse.measured(data)
    if not use.possible:
        raise ValueError("its sizes cannot be true")
    return use

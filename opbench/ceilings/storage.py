"""Ceilings as JSON: one file per machine and environment in the cache folder, or wherever it is carried."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from opbench.cache import cache_folder, content_digest
from opbench.ceilings.ceiling import Ceilings, Level, Rate
from opbench.errors import MachineError, UsageError
from opbench.store.files import write_whole

SCHEMA = 1

_IDENTITY = (
    *("device", "device_name", "cores", "memory_bytes", "threads", "os", "transparent_hugepages"),
    *("device_memory_bytes", "multiprocessors", "l2_bytes", "capability", "cuda", "torch"),
)
"""Of an environment, what other ceilings may come from."""


def machine_identity(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a machine's ceilings depend on, of `environment.describe` or of what this returned."""
    whole = {"torch": environment.get("versions", {}).get("torch", ""), **environment}
    return {name: whole[name] for name in _IDENTITY if name in whole}


def difference(ceilings: Ceilings, environment: Mapping[str, Any]) -> str:
    """Return in what the environment is another than that of the ceilings; "" where it is the same."""
    here = machine_identity(environment)
    names = [name for name in _IDENTITY if ceilings.environment.get(name) != here.get(name)]
    return ", ".join(f"{name} {ceilings.environment.get(name)} there, {here.get(name)} here" for name in names)


def kept_file(environment: Mapping[str, Any]) -> Path:
    """Return where the ceilings of an environment are kept; the file need not exist."""
    return cache_folder() / "ceilings" / f"{content_digest(machine_identity(environment))}.json"


def load_kept(environment: Mapping[str, Any]) -> Ceilings | None:
    """Return the ceilings of this machine and environment, or None where they were not measured.

    Raises UsageError where its file cannot be read.
    """
    file = kept_file(environment)
    return read(file) if file.exists() else None


def keep(ceilings: Ceilings) -> Path:
    """Put them into the cache, in place of earlier ones of the same environment. Return their file."""
    file = kept_file(ceilings.environment)
    write(ceilings, file)
    return file


def to_json(ceilings: Ceilings) -> dict[str, Any]:
    """Return what `read` reads. JSON has no infinity: DRAM's end is null."""
    data = {"schema": SCHEMA, **asdict(ceilings)}
    data["levels"] = [
        [level.name, None if math.isinf(level.size_bytes) else level.size_bytes] for level in ceilings.levels
    ]
    return data


def write(ceilings: Ceilings, file: Path) -> None:
    """Write a file that `read` reads. Raises MachineError where it cannot be written."""
    try:
        write_whole(file, f"{json.dumps(to_json(ceilings), indent=1)}\n".encode())
    except OSError as exc:
        raise MachineError(f"cannot write {file}: {exc.strerror}") from exc


def read(file: Path) -> Ceilings:
    """Return a file's ceilings. Raises UsageError for one that is not there, or holds none of this schema."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        schema = data.pop("schema")
        if schema != SCHEMA:
            raise UsageError(
                f"{file}: ceilings of schema {schema!r:.40}, this opbench reads {SCHEMA}; "
                "measure again: opbench ceilings"
            )
        return _from_json(data)
    except OSError as exc:
        raise UsageError(f"cannot read {file}: {exc.strerror}; `opbench ceilings --output FILE` makes one") from exc
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise UsageError(
            f"{file} holds no ceilings ({type(exc).__name__}: {exc!s:.200}); "
            "`opbench ceilings --output FILE` makes such"
        ) from exc


def _from_json(data: dict[str, Any]) -> Ceilings:
    """Raises KeyError, TypeError or ValueError where the data is not what `to_json` makes."""
    levels = tuple(
        Level(_text(name), math.inf if size is None else _positive(size)) for name, size in data.pop("levels")
    )
    if not levels or not isinstance(data["environment"], dict):
        raise ValueError("no levels of memory, or no environment")
    if (device := data["environment"].get("device", "cpu")) not in ("cpu", "cuda"):
        raise ValueError(f"its device is {device!r:.40}; expected cpu or cuda")
    if not _ascending([level.size_bytes for level in levels]):
        raise ValueError("its levels of memory are not the smallest first")
    bandwidth = {kind: _curve(kind, curve) for kind, curve in data.pop("bandwidth").items()}
    arithmetic = {
        kind: {dtype: _rate(rate) for dtype, rate in rates.items()} for kind, rates in data.pop("arithmetic").items()
    }
    costs = {kind: _rate(rate) for kind, rate in data.pop("costs").items()}
    found = Ceilings(levels=levels, bandwidth=bandwidth, arithmetic=arithmetic, costs=costs, **data)
    for text in (found.revision, found.measured):
        _text(text)
    for value in (found.seconds or 1.0, *found.opinions.values()):  # 0 seconds where nobody said how long it took
        _positive(value)
    return found


def _curve(kind: str, curve: Mapping[str, Any]) -> dict[int, Rate]:
    found = {int(size): _rate(rate) for size, rate in curve.items()}
    if not _ascending([0, *found]):
        raise ValueError(f"the working sets of {kind} are not the smallest first")
    return found


def _rate(data: dict[str, Any]) -> Rate:
    return Rate(**{end: _positive(value) for end, value in data.items()})


def _positive(value: Any) -> float:
    if type(value) not in {int, float} or not 0 < value <= sys.float_info.max:
        raise ValueError(f"{value!r:.40} where a positive number was expected")
    found: float = value
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} where a text was expected")
    return value


def _ascending(sizes: Sequence[float]) -> bool:
    return all(before < after for before, after in pairwise(sizes))

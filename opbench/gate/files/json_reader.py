"""Stored benchmarks read back: our own files, and what any pytest-benchmark from 3 to 5 wrote.

What is wrong with the file as a whole is a UsageError in one line. What is wrong with one benchmark stays with that
benchmark, so that it is listed with its reason and the others are still judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opbench.errors import UsageError
from opbench.gate.benchmark import Benchmark
from opbench.gate.decision.verdict import Verdict
from opbench.gate.files.foreign_formats import HOW_TO_WRITE, producing_tool
from opbench.gate.files.json_writer import SCHEMA, Origin
from opbench.gate.files.slice_columns import from_columns, is_number
from opbench.gate.samples import SIDES, Slice
from opbench.gate.stats.rule import Rule
from opbench.store.environment_facts import environment_digest

SHORTEST_S, LONGEST_S = 1e-20, 1e9
"""No clock gives a time beyond these, whose ratios to others may have no end."""


@dataclass(frozen=True)
class Entry:
    """One benchmark of one file.

    samples_s: seconds per call.
    stages: slices by stage, empty where pytest-benchmark wrote it.
    problem: why it cannot be compared, with a reason; None where it can.
    """

    benchmark: Benchmark
    samples_s: Sequence[float] = ()
    stages: Mapping[str, Sequence[Slice]] = field(default_factory=dict)
    problem: tuple[Verdict, str] | None = None


@dataclass(frozen=True)
class StoredFile:
    """One file.

    written: when, as the file has it, None where it does not.
    origin: None where pytest-benchmark wrote it itself.
    listed: ids its side had, measured or not.
    entries: by id.
    commit: `commit_info`, as pytest-benchmark has it; empty where it is missing or no object.
    """

    path: Path
    machine_info: Mapping[str, Any]
    written: datetime | None
    origin: Origin | None
    listed: Sequence[str]
    entries: Mapping[str, Entry]
    commit: Mapping[str, Any]


def read_file(path: Path) -> StoredFile:
    """Raises UsageError for a file that is missing, cut short, empty, of another format or of a later schema."""
    content = _parsed(path)
    origin = _origin(path, content["opbench"]) if "opbench" in content else None
    entries: dict[str, Entry] = {}
    for raw in content["benchmarks"]:
        entry = _entry(path, raw, origin)
        if entry.benchmark.id in entries:
            raise UsageError(f"{path} has {entry.benchmark.id!r} twice: {HOW_TO_WRITE} and merge no files")
        entries[entry.benchmark.id] = entry
    listed = _listed(path, content["opbench"]) if origin else list(entries)
    return StoredFile(
        path,
        _object(content, "machine_info"),
        _time(content.get("datetime")),
        origin,
        listed,
        entries,
        _object(content, "commit_info"),
    )


def _object(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return found if isinstance(found := content.get(name), Mapping) else {}


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}; {HOW_TO_WRITE}") from exc
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text: expected the JSON of pytest-benchmark; {HOW_TO_WRITE}") from None
    if not text.strip():
        raise UsageError(f"{path} is empty: expected the JSON of pytest-benchmark; {HOW_TO_WRITE}")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as exc:
        cut = " (cut short?)" if text.lstrip()[0] in "{[" else ""
        raise UsageError(f"{path} is not JSON{cut}: {exc}; {HOW_TO_WRITE}") from None
    if tool := producing_tool(content):
        raise UsageError(f"{path} is of {tool}: expected the JSON of pytest-benchmark; {HOW_TO_WRITE}")
    if not isinstance(content, Mapping) or not isinstance(content.get("benchmarks"), list):
        raise UsageError(f"{path} has no list 'benchmarks', as the JSON of pytest-benchmark has; {HOW_TO_WRITE}")
    if not content["benchmarks"]:
        raise UsageError(f"{path} holds no benchmark: did every one fail, or did -k leave none? {HOW_TO_WRITE}")
    return content


def _origin(path: Path, stored: Any) -> Origin:
    schema = stored.get("schema") if isinstance(stored, Mapping) else None
    if schema != SCHEMA:
        raise UsageError(f"{path} has schema {schema!r}, this opbench reads {SCHEMA}: use the opbench that wrote it")
    try:
        rule = Rule(**{**stored["rule"], "looks": tuple(stored["rule"]["looks"])})
        if not rule.looks:
            raise ValueError("a rule without a look")  # noqa: TRY301  (reported like the other mistakes)
        origin = Origin(stored["run"], stored["side"], stored["revision"], rule, dict(stored["environment"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"{path} does not say where its slices come from ({exc!r}): run opbench gate again") from None
    if origin.side not in SIDES:
        raise UsageError(f"{path} is of side {origin.side!r}, expected base or head: run opbench gate again")
    return origin


def _listed(path: Path, stored: Mapping[str, Any]) -> list[str]:
    listed = stored.get("listed")
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise UsageError(f"{path} does not list its side's benchmarks: run opbench gate again")
    return listed


def _entry(path: Path, raw: Any, origin: Origin | None) -> Entry:
    name = raw.get("fullname") or raw.get("name") if isinstance(raw, Mapping) else None
    if not isinstance(name, str):
        raise UsageError(f"{path} has a benchmark without a name: {HOW_TO_WRITE}")
    extra = _extra_info(raw)
    benchmark = Benchmark(name, _params(raw.get("params")), extra.get("digest"), raw.get("group"))
    stats = raw.get("stats")
    data = stats.get("data") if isinstance(stats, Mapping) else None
    try:
        if problem := _no_samples(data):
            return Entry(benchmark, problem=(Verdict.EMPTY, problem))
        samples_s = _samples(data)
        return Entry(benchmark, samples_s, _slices(extra, samples_s, origin) if origin else {})
    except ValueError as exc:
        return Entry(benchmark, problem=(Verdict.INVALID, str(exc)))


def _extra_info(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the gate keeps there of an entry, nothing where pytest-benchmark wrote it."""
    extra_info = raw.get("extra_info")
    extra = extra_info.get("opbench") if isinstance(extra_info, Mapping) else None
    return extra if isinstance(extra, Mapping) else {}


def _params(raw: Any) -> dict[str, str] | None:
    if not isinstance(raw, Mapping):
        return None
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in raw.items()}


def _no_samples(data: Any) -> str:
    if data is None:
        return "its samples were not stored: use --benchmark-json, or --benchmark-save-data beside --benchmark-save"
    return "it has no samples" if data == [] else ""


def _samples(data: Any) -> list[float]:
    if not isinstance(data, list):
        raise ValueError(f"its samples are no list but {data!r:.40}")  # noqa: TRY004  (reported like the other mistakes)
    for sample in data:
        if not is_number(sample) or not SHORTEST_S < sample < LONGEST_S:
            raise ValueError(f"one of its samples is {sample!r:.40}, expected seconds above 0 and below 1e9")
    return data


def _slices(extra: Mapping[str, Any], samples_s: list[float], origin: Origin) -> dict[str, list[Slice]]:
    if extra.get("schema") != SCHEMA:
        raise ValueError(f"its slices are of schema {extra.get('schema')!r}, this opbench reads {SCHEMA}")
    if extra.get("environment") != environment_digest(origin.environment):
        raise ValueError("it was measured in another environment than its file describes")
    return from_columns(extra.get("slices"), samples_s)


def _time(text: Any) -> datetime | None:
    """Older versions wrote it without a zone, in UTC."""
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)

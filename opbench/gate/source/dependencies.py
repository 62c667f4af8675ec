"""What a checkout says it depends on: declared dependencies, lock files and requirement lists at its top level."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from opbench.gate.source.unusable import UnusableRevisionError

KEYS = (
    "build-system.requires",
    "dependency-groups",
    "project.dependencies",
    "project.optional-dependencies",
    "project.requires-python",
    "tool.pdm.dev-dependencies",
    "tool.poetry.dependencies",
    "tool.poetry.dev-dependencies",
    "tool.poetry.group",
    "tool.uv.dev-dependencies",
)
"""Where a pyproject.toml says what the project needs; its version, its linters' settings and the rest may differ."""

FILES = (
    "requirements*.txt",
    "requirements/*.txt",
    "setup.py",
    "setup.cfg",
    "environment.yml",
    "environment.yaml",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pixi.lock",
    "Pipfile",
    "Pipfile.lock",
)
"""Compared line by line at the top level, without comments and empty lines."""


def declared_dependencies(tree: Path) -> dict[str, tuple[str, ...]]:
    """What the tree says it depends on: by key or file name, as lines. Empty and absent are the same.

    Raises MachineError for a pyproject.toml that is not TOML.
    """
    path = tree / "pyproject.toml"
    declared: dict[str, tuple[str, ...]] = {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (ValueError, RecursionError) as exc:
        raise UnusableRevisionError(f"cannot tell what {path} depends on: it is not TOML: {exc}") from exc
    for key in KEYS:
        declared |= _flat(key, _at(table, key))
    for pattern in FILES:
        for file in sorted(tree.glob(pattern)):
            declared[str(file.relative_to(tree))] = significant_lines(file)
    return {name: lines for name, lines in declared.items() if lines}


def _at(table: Any, key: str) -> Any:
    for part in key.split("."):
        table = table.get(part) if isinstance(table, dict) else None
    return table


def _flat(key: str, value: Any) -> dict[str, tuple[str, ...]]:
    """Every list below `key` by its own key, sorted: the order of requirements means nothing."""
    if isinstance(value, dict):
        return {name: lines for part, inner in value.items() for name, lines in _flat(f"{key}.{part}", inner).items()}
    entries = value if isinstance(value, list) else [] if value is None else [value]
    lines = [entry if isinstance(entry, str) else json.dumps(entry, sort_keys=True) for entry in entries]
    return {key: tuple(sorted(lines))}


def significant_lines(file: Path) -> tuple[str, ...]:
    """The file's lines without comments and empty ones."""
    lines = map(str.rstrip, file.read_text(encoding="utf-8", errors="replace").splitlines())
    return tuple(line for line in lines if line.strip() and not line.lstrip().startswith(("#", ";")))


def differences(base: Mapping[str, Sequence[str]], head: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """In words, like `project.dependencies: -numpy>=2.0 +numpy>=2.1`; a file with many changes by its name alone."""
    for name in sorted(base.keys() | head.keys()):
        old, new = base.get(name, ()), head.get(name, ())
        removed = [f"-{line.strip()}" for line in old if line not in new]
        added = [f"+{line.strip()}" for line in new if line not in old]
        changes = " ".join(removed + added) or "another order"
        if old != new:
            yield f"{name}: {changes}" if len(changes) <= 100 else f"{name}: -{len(removed)} +{len(added)} lines"

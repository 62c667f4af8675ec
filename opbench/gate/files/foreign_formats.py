"""Whose JSON it is, when it is not pytest-benchmark's: a wrong file is then named for what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

HOW_TO_WRITE = "write one with pytest --benchmark-json FILE"


def producing_tool(content: Any) -> str:
    """The tool that writes JSON with such keys, "" where none is known."""
    if isinstance(content, list):
        return "JMH" if content and isinstance(content[0], Mapping) and "jmhVersion" in content[0] else ""
    if not isinstance(content, Mapping):
        return ""
    return next((tool for tool, fits in TOOLS.items() if fits(content)), "")


def _has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda content: all(key in content for key in keys)


def _first(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The first of a list of objects under that key, an empty one where there is none."""
    value = content.get(key)
    return value[0] if isinstance(value, list) and value and isinstance(value[0], Mapping) else {}


def _inner(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, Mapping) else {}


TOOLS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "asv": lambda content: "results" in content and ("commit_hash" in content or "result_columns" in content),
    "Google Benchmark": lambda content: "context" in content and "benchmarks" in content,
    "NVBench": lambda content: "devices" in content and "benchmarks" in content,
    "pyperf": lambda content: "runs" in _first(content, "benchmarks"),
    "hyperfine": lambda content: "command" in _first(content, "results"),
    "criterion (estimates)": lambda content: "point_estimate" in _inner(content, "mean"),
    "criterion (samples)": _has("iters", "times"),
    "cargo-criterion": _has("reason"),
}

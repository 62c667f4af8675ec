"""`opbench gate`: is head slower than base, can this run tell, and what does it come to as an exit code?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opbench.errors import UsageError, unknown
from opbench.gate.rule import Rule
from opbench.gate.verdict import exit_code, waivers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opbench.gate.verdict import Judgement, Verdict

MOST_TOLERANCE = 1.0
"""Twice as slow: a larger tolerance is a typing error, such as 3 for 3 %."""


@dataclass(frozen=True)
class Asked:
    """The command's options, as they were typed."""

    paths: Sequence[str]
    base: str | None
    head: str | None
    base_json: Sequence[Path]
    head_json: Sequence[Path]
    calibrate: bool
    tolerance: str
    keyword: str | None
    allow: str | None
    install: str | None
    device: str
    threads: int
    suites: int
    results: Path
    time_limit_s: float
    as_json: bool
    wait: bool = True


def run(asked: Asked) -> int:
    if asked.device not in ("cpu", "cuda"):
        raise unknown("device", asked.device, ("cpu", "cuda"))
    rule = Rule(tolerance=tolerance(asked.tolerance))
    allowed = waivers(asked.allow)
    _one_of_three(asked)
    if asked.base_json:
        from opbench.gate.stored import judge

        return _told(judge(asked.base_json, asked.head_json, rule, allowed), allowed, rule, asked.as_json)
    if asked.calibrate:
        from opbench.gate.calibrating import calibrate

        return calibrate(asked, rule)
    from opbench.gate.running import gate

    return gate(asked, rule, allowed)


def tolerance(text: str) -> float:
    """Of `3%`, `3 %` or `0.03`. Raises UsageError for what is not a share above 0 and below 1."""
    words = text.strip()
    number = words.removesuffix("%").strip()
    try:
        found = float(number) / (100 if words.endswith("%") else 1)
    except ValueError:
        found = float("nan")
    if not 0 < found < MOST_TOLERANCE:
        raise UsageError(f"--tolerance {text!r}: expected a slowdown above 0 and below 100 %, such as 3% or 0.03")
    return found


def _one_of_three(asked: Asked) -> None:
    stored = bool(asked.base_json or asked.head_json)
    if asked.base is not None or stored or asked.calibrate:
        if sum((asked.base is not None, stored, asked.calibrate)) > 1:
            raise UsageError("--base, --base-json with --head-json, and --calibrate are three ways; give one of them")
        if stored and not (asked.base_json and asked.head_json):
            raise UsageError("--base-json and --head-json go together: the files of both sides")
        return
    raise UsageError("nothing to compare with: give --base REF, or --base-json with --head-json, or --calibrate")


def _told(judgements: Sequence[Judgement], allowed: frozenset[Verdict], rule: Rule, as_json: bool) -> int:
    from opbench.gate.telling import tell

    tell(judgements, allowed, rule, as_json)
    return exit_code(judgements, allowed)

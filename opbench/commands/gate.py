"""`opbench gate`: is head slower than base, can this run tell, and what does it come to as an exit code?"""

from __future__ import annotations

from collections.abc import Sequence

from opbench.errors import UsageError, unknown
from opbench.gate.decision.verdict import Judgement, Verdict, exit_code, waivers
from opbench.gate.runs.options import GateOptions
from opbench.gate.stats.rule import Rule

MOST_TOLERANCE = 1.0
"""Twice as slow: a larger tolerance is a typing error, such as 3 for 3 %."""


def run(options: GateOptions) -> int:
    if options.device not in ("cpu", "cuda"):
        raise unknown("device", options.device, ("cpu", "cuda"))
    rule = Rule(tolerance=parse_tolerance(options.tolerance))
    allowed = waivers(options.allow)
    _require_one_mode(options)
    if options.base_json:
        from opbench.gate.runs.stored import judge_files

        judgements = judge_files(options.base_json, options.head_json, rule, allowed)
        return _print(judgements, allowed, rule, options.as_json)
    if options.calibrate:
        from opbench.gate.runs.calibrate import calibrate

        return calibrate(options, rule)
    from opbench.gate.runs.live import gate_revisions

    return gate_revisions(options, rule, allowed)


def parse_tolerance(text: str) -> float:
    """Of `3%`, `3 %` or `0.03`. Raises UsageError for what is not a share above 0 and below 1."""
    words = text.strip()
    number = words.removesuffix("%").strip()
    try:
        tolerance = float(number) / (100 if words.endswith("%") else 1)
    except ValueError:
        tolerance = float("nan")
    if not 0 < tolerance < MOST_TOLERANCE:
        raise UsageError(f"--tolerance {text!r}: expected a slowdown above 0 and below 100 %, such as 3% or 0.03")
    return tolerance


def _require_one_mode(options: GateOptions) -> None:
    stored = bool(options.base_json or options.head_json)
    if options.base is not None or stored or options.calibrate:
        if sum((options.base is not None, stored, options.calibrate)) > 1:
            raise UsageError("--base, --base-json with --head-json, and --calibrate are three ways; give one of them")
        if stored and not (options.base_json and options.head_json):
            raise UsageError("--base-json and --head-json go together: the files of both sides")
        return
    raise UsageError("nothing to compare with: give --base REF, or --base-json with --head-json, or --calibrate")


def _print(judgements: Sequence[Judgement], allowed: frozenset[Verdict], rule: Rule, as_json: bool) -> int:
    from opbench.gate.output.console import print_results

    print_results(judgements, allowed, rule, as_json)
    return exit_code(judgements, allowed)

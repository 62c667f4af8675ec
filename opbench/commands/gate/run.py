"""`opbench gate`: is head slower than base, can this run tell, and what does it come to as an exit code?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from opbench.cli.options import tolerance
from opbench.cli.progress import Notes
from opbench.commands.history.add import keep, ready
from opbench.commands.history.into import Into
from opbench.errors import UsageError, unknown
from opbench.gate.decision.verdict import Judgement, Verdict, exit_code, waivers
from opbench.gate.runs.options import GateOptions
from opbench.gate.stats.rule import Rule


def run(options: GateOptions, into: Into | None = None) -> int:
    """The gate's exit code; where it passed and the history refused its rows, that one's. into: gets a row for each
    worker of a live run; whether it can be written is seen to before anything is measured.
    """
    if options.device not in ("cpu", "cuda"):
        raise unknown("device", options.device, ("cpu", "cuda"))
    rule = Rule(tolerance=tolerance(options.tolerance))
    allowed = waivers(options.allow)
    _require_one_mode(options, into)
    if options.base_json:
        from opbench.gate.runs.stored import judge_files

        judgements = judge_files(options.base_json, options.head_json, rule, allowed)
        return _print(judgements, allowed, rule, options.as_json)
    if options.calibrate:
        from opbench.gate.runs.calibrate import calibrate

        return calibrate(options, rule)
    return _live(options, rule, allowed, into)


def _live(options: GateOptions, rule: Rule, allowed: frozenset[Verdict], into: Into | None) -> int:
    from opbench.gate.runs.live import compare_tests, gate_revisions

    compare = compare_tests
    if options.cases:
        from opbench.environments.at_commits import compare_cases as compare
    if into is not None:
        ready(into)
    live, folder = gate_revisions(options, rule, allowed, compare)
    code = exit_code(live.judgements, allowed)
    if into is not None:
        said, of_history = keep(folder, into, len(live.samples))
        Notes(sys.stderr).note(said)
        code = code or of_history
    return code


def _require_one_mode(options: GateOptions, into: Into | None) -> None:
    stored = bool(options.base_json or options.head_json)
    if options.base is not None or stored or options.calibrate:
        if sum((options.base is not None, stored, options.calibrate)) > 1:
            raise UsageError("--base, --base-json with --head-json, and --calibrate are three ways; give one of them")
        if stored and not (options.base_json and options.head_json):
            raise UsageError("--base-json and --head-json go together: the files of both sides")
        if options.base is None and into is not None:
            raise UsageError("--history takes what --base measures; `opbench history add FILE` adds stored files")
        if options.cases and (options.base is None or options.keyword is not None):
            raise UsageError("--case goes with --base, and without -k: it names all that is measured")
        return
    raise UsageError("nothing to compare with: give --base REF, or --base-json with --head-json, or --calibrate")


def _print(judgements: Sequence[Judgement], allowed: frozenset[Verdict], rule: Rule, as_json: bool) -> int:
    from opbench.gate.output.console import print_results

    print_results(judgements, allowed, rule, as_json)
    return exit_code(judgements, allowed)

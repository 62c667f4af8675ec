"""How a test finished, in a word and a line, from the reports of its three phases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MESSAGE_LENGTH = 300
"""Characters of a message: one line on a terminal or in a table, not a page."""


def outcome_of(reports: Sequence[Any]) -> dict[str, str]:
    """`outcome`: `passed`, `skipped`, `failed` in the test, `error` around it. `message`: why, "" when it passed."""
    for report in reports:
        if report.outcome == "failed":
            return _outcome("failed" if report.when == "call" else "error", _failure(report))
    for report in reports:
        if report.outcome == "skipped":
            if hasattr(report, "wasxfail"):
                return _outcome("failed", f"expected to fail, and did: {report.wasxfail}")
            return _outcome("skipped", _skip_reason(report.longrepr))
    if any(report.when == "call" for report in reports):
        return _outcome("passed", "")
    return _outcome("error", "pytest did not run it")


def _outcome(outcome: str, message: str) -> dict[str, str]:
    return {"outcome": outcome, "message": message[:MESSAGE_LENGTH]}


def _failure(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    phase = "" if report.when == "call" else f"{report.when}: "
    return phase + (lines[0] if crash is not None and lines else lines[-1] if lines else "it says nothing")


def _skip_reason(longrepr: Any) -> str:
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ").partition("\n")[0]

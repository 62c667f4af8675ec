"""What a bisection came to: a sentence, JSON, and Markdown for a comment or an issue."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from opbench.gate.output.markdown import as_code, escaped
from opbench.history.bisection.bisection import SHORT, Bisection, Found, Outcome
from opbench.history.bisection.journal import Step
from opbench.history.confirming.question import between, command


def sentence(asked: Bisection, found: Found) -> str:
    """What was found, in one or two sentences."""
    whole = _size(found.whole)
    good, bad = asked.good[:SHORT], asked.bad[:SHORT]
    match found.outcome:
        case Outcome.NOT_SLOWER:
            return f"{bad} is not slower than {good}: {whole}; there is nothing to find"
        case Outcome.OPEN:
            return f"the gate could not tell whether {bad} is slower than {good}: {whole or found.whole.reason}"
        case Outcome.AMONG:
            others = ", ".join(commit[:SHORT] for commit in found.or_one_of)
            return (
                f"{found.first_bad[:SHORT]} is slower, and so may be what comes before it and cannot be measured: "
                f"{others}; in all {whole}"
            )
        case Outcome.FOUND:
            assert found.alone is not None
            first = f"{found.first_bad[:SHORT]} ({asked.graph.subject(found.first_bad):.80})"
            own = _size(found.alone) or found.alone.reason
            if found.shared:
                return (
                    f"{first} is where more than half of it is there, and not all of it is its own: against its parent "
                    f"{own}, in all {whole}"
                )
            return f"{first} made it slower: {own}, in all {whole}"


def as_json(asked: Bisection, found: Found) -> dict[str, Any]:
    """Ratios are head's time over base's."""
    return {
        "case": asked.case,
        "good": asked.good,
        "bad": asked.bad,
        "outcome": found.outcome.value,
        "first_bad": found.first_bad or None,
        "or_one_of": list(found.or_one_of),
        "sentence": sentence(asked, found),
        "whole": asdict(found.whole),
        "alone": None if found.alone is None else asdict(found.alone),
        "steps": [asdict(step) for step in asked.journal.steps],
        "command": shown_again(asked, found),
    }


def shown_again(asked: Bisection, found: Found) -> str:
    """The command that measures what was found."""
    step = found.alone or found.whole
    return command(between(asked.options, step.base, step.head, step.tolerance))


def markdown(asked: Bisection, found: Found) -> str:
    """The sentence, every run as a row, the command."""
    parts = [
        f"## {found.outcome.value.capitalize()}: {as_code(asked.case)}",
        f"{escaped(sentence(asked, found))}.",
        _table(asked.journal.steps),
        f"      {shown_again(asked, found)}",
    ]
    return "\n\n".join(parts) + "\n"


def _table(steps: list[Step]) -> str:
    heads = ("commit", "against", "mark", "head / base", "tolerance", "seconds", "the gate said")
    rows = [
        (
            step.head[:SHORT],
            step.base[:SHORT],
            step.mark.value,
            _size(step) or "-",
            f"{100 * step.tolerance:.2g} %",
            f"{step.seconds:.0f}",
            escaped(f"{step.verdict} {step.reason}".strip()),
        )
        for step in steps
    ]
    return "\n".join(["| " + " | ".join(row) + " |" for row in (heads, ("---",) * len(heads), *rows)])


def _size(step: Step) -> str:
    """`1.201 [1.188, 1.214]`; "" where nothing was compared."""
    return "" if step.ratio is None else f"{step.ratio:.3f} [{step.low:.3f}, {step.high:.3f}]"

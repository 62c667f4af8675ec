"""Alarms as Markdown for a comment or an issue: what the code did first, what nobody has to act on folded away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from opbench.gate.output.markdown import as_code, escaped
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.history.alarms.message import bisect_command, commits_in_words, headline

LOUD = (Kind.CODE, Kind.UNCONFIRMED)
"""Classes that somebody has to look at; the others are told and folded away."""

MEANINGS = {
    Kind.CODE: "old and new code took turns, and fresh processes confirmed it",
    Kind.UNCONFIRMED: "the code, or noise: nobody has shown which",
    Kind.BASELINE: "what the case is compared with moved, not the case",
    Kind.ENVIRONMENT: "what is installed, or how the machine is set, changed there",
    Kind.HARDWARE: "cases that the code has no part in moved too",
    Kind.NOISE: "old and new code took turns, and lay within half of it",
}


def markdown(alarms: Sequence[Alarm], problems: Sequence[str] = ()) -> str:
    """problems: what of the history could not be read."""
    parts = [f"## {_counted(alarms)}", *(f"> {escaped(problem)}" for problem in problems)]
    for kind, meaning in MEANINGS.items():
        of_kind = [alarm for alarm in alarms if alarm.kind is kind]
        if not of_kind:
            continue
        title = f"{len(of_kind)} {kind.value}: {meaning}"
        blocks = [_block(alarm) for alarm in of_kind]
        if kind in LOUD:
            parts += [f"### {title}", *blocks]
        else:
            parts += [f"<details><summary>{title}</summary>", *blocks, "</details>"]
    return "\n\n".join(parts) + "\n"


def _counted(alarms: Iterable[Alarm]) -> str:
    counts = Counter(alarm.kind for alarm in alarms)
    total = counts.total()
    told = ", ".join(f"{counts[kind]} {kind.value}" for kind in MEANINGS if counts[kind])
    return f"{total} alarm{'s' * (total != 1)}: {told}" if total else "No alarm"


def _block(alarm: Alarm) -> str:
    lines = [
        f"**{headline(alarm)}**: {as_code(alarm.case)}",
        "",
        f"- on {escaped(alarm.series.machine)}, {commits_in_words(alarm)}",
        *(f"- {escaped(sentence)}" for sentence in alarm.evidence),
    ]
    if alarm.caveat:
        lines.append(f"- {escaped(alarm.caveat)}")
    if alarm.not_measured:
        lines.append(f"- it cannot be measured again: {escaped(alarm.not_measured)}")
    if commands := [one for one in (alarm.command, bisect_command(alarm)) if one]:
        lines += ["", *(f"      {one}" for one in commands)]  # a fence would end at one inside
    return "\n".join(lines)

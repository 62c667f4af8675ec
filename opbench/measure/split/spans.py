"""Spans that the profiler saw, and what of each no span inside it takes. No torch here: spans are plain numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from opbench.measure.split.kinds import ALLOCATION, covers_children, operator_kind


class Span(NamedTuple):
    """An operator, or another range that the profiler saw.

    start_ns, end_ns: nanoseconds on one clock.
    correlation_id: by which a kernel names the operator that launched it.
    """

    name: str
    start_ns: int
    end_ns: int
    correlation_id: int = 0

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns


class SelfTime(NamedTuple):
    """What of a span no span inside it takes.

    name, correlation_id: the span's.
    kind: of operator, see `kinds.py`.
    ns: nanoseconds.
    depth: how many spans it lies in.
    """

    name: str
    kind: str
    ns: float
    depth: int
    correlation_id: int = 0


@dataclass
class _OpenSpan:
    """A span whose end the walk has not reached; children are the spans directly inside it."""

    span: Span
    kind: str
    children_ns: int = 0
    children: int = 0


def self_times(spans: Iterable[Span], outside_nested_ns: float = 0.0) -> list[SelfTime]:
    """Return the self time of every span, inner spans before those around them.

    outside_nested_ns: what the profiler adds to a span for each one directly inside it.
    A span inside one whose kind covers its children is of that kind, but memory made inside it is still memory.
    """
    finished: list[SelfTime] = []
    stack: list[_OpenSpan] = []

    def close() -> None:
        closed = stack.pop()
        span, ns = closed.span, closed.span.duration_ns - closed.children_ns - closed.children * outside_nested_ns
        finished.append(SelfTime(span.name, closed.kind, ns, len(stack), span.correlation_id))
        if stack:
            stack[-1].children_ns += span.duration_ns
            stack[-1].children += 1

    for span in sorted(spans, key=lambda span: (span.start_ns, -span.end_ns)):
        while stack and stack[-1].span.end_ns <= span.start_ns:
            close()
        kind = operator_kind(span.name)
        if stack and kind != ALLOCATION and covers_children(stack[-1].kind):
            kind = stack[-1].kind
        stack.append(_OpenSpan(span, kind))
    while stack:
        close()
    return finished

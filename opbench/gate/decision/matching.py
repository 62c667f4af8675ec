"""Which benchmarks the two sides have in common, and what became of the others: none of them drops out unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from opbench.gate.benchmark import Benchmark
from opbench.gate.decision.verdict import Judgement, Verdict

SIMILARITY = 0.8
"""Likeness of two names, of 1, from which the one is taken for the other's new name."""


def match_benchmarks(base: Sequence[Benchmark], head: Sequence[Benchmark]) -> tuple[list[str], list[Judgement]]:
    """Ids to compare, in head's order, and a judgement for every other benchmark of either side."""
    in_base, in_head = {old.id: old for old in base}, {new.id for new in head}
    removed = [old for old in base if old.id not in in_head]
    added = [new for new in head if new.id not in in_base]
    renamed = _renamed(removed, added)
    common, judgements = [], []
    for new in head:
        if new.id in renamed:
            reason = f"was {renamed[new.id].id!r} in base, is {new.id!r} in head"
            judgements.append(_judge(new, Verdict.RENAMED, reason))
        elif new.id not in in_base:
            judgements.append(_judge(new, Verdict.NEW, "only in head: nothing to compare it with"))
        elif changes := _changes(in_base[new.id], new):
            judgements.append(_judge(new, Verdict.CHANGED, f"{changes}: not the same benchmark"))
        else:
            common.append(new.id)
    renamed_ids = {old.id for old in renamed.values()}
    deleted = [old for old in removed if old.id not in renamed_ids]
    return common, judgements + [_judge(old, Verdict.DELETED, "only in base: head does not have it") for old in deleted]


def _judge(benchmark: Benchmark, verdict: Verdict, reason: str) -> Judgement:
    return Judgement(benchmark.id, verdict, f"{reason}; --allow {verdict.value} lets this pass")


def _changes(old: Benchmark, new: Benchmark) -> str:
    """What differs between two benchmarks of one name, "" for nothing."""
    before, after = old.params or {}, new.params or {}
    changes = [
        f"parameter {name!r} was {before.get(name, 'not there')}, is {after.get(name, 'not there')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    if not changes and old.digest != new.digest:
        changes.append("the source of the test changed")
    return ", ".join(changes)


def _renamed(removed: Sequence[Benchmark], added: Sequence[Benchmark]) -> dict[str, Benchmark]:
    """By head's id, what it was in base. Where two could be meant, neither is."""
    same = _unique_pairs(removed, added, _same_test)
    same_ids = {old.id for old in same.values()}
    remaining = [old for old in removed if old.id not in same_ids]
    return same | _unique_pairs(remaining, [new for new in added if new.id not in same], _similar)


def _unique_pairs(
    removed: Sequence[Benchmark], added: Sequence[Benchmark], fits: Callable[[Benchmark, Benchmark], bool]
) -> dict[str, Benchmark]:
    pairs = [(old, new) for new in added for old in removed if fits(old, new)]
    olds, news = Counter(old.id for old, _ in pairs), Counter(new.id for _, new in pairs)
    return {new.id: old for old, new in pairs if olds[old.id] == news[new.id] == 1}


def _same_test(old: Benchmark, new: Benchmark) -> bool:
    return old.digest is not None and old.digest == new.digest and old.params == new.params


def _similar(old: Benchmark, new: Benchmark) -> bool:
    if old.file != new.file or old.params != new.params:
        return False
    return SequenceMatcher(None, old.name, new.name).ratio() >= SIMILARITY

"""Accuracies of fusions over noise, and who is ahead of whom beyond what seeds differ by, as markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from impls.fusion.fusions import FUSIONS
from impls.fusion.two_views import ABOUT
from impls.fusion.view_records import Scored, by_seed, conditions
from impls.hadaptive.ablation.estimates import in_percent
from opbench.vocabulary.interval import Interval
from opbench.vocabulary.student import mean_interval

COMPARED = ("product", "concatenation", "sum", "cross-attention")
"""The four of the question; `sum and product` and `clean view alone` stand beside them."""


def accuracies_table(results: Sequence[Scored]) -> Iterator[str]:
    """A row for each task and condition, a column for each fusion: means with 95 % intervals over seeds."""
    yield f"| task | noise in training | in test | {' | '.join(FUSIONS)} |"
    yield f"|---|---|---|{'---|' * len(FUSIONS)}"
    for task in ABOUT:
        sizes = {one.fusion: one.parameters for one in results if one.task == task}
        if sizes:
            yield f"| {task}: parameters | | | {' | '.join(f'{sizes[name]:,}' for name in FUSIONS)} |"
        for trained, tested in conditions(results, task):
            shares = (by_seed(results, task, name, trained, tested) for name in FUSIONS)
            cells = (in_percent(mean_interval(list(found.values()))) for found in shares)
            yield f"| {task} | {trained:g} | {tested:g} | {' | '.join(cells)} |"


def winners_table(results: Sequence[Scored]) -> Iterator[str]:
    """The best of the four by mean, by how much it is ahead of the second, and the product against each other one.

    Differences are of the same seed, in points; bold where the 95 % interval leaves out no difference.
    """
    others = [name for name in FUSIONS if name != "product"]
    fixed = "task | noise in training | in test | best of four | ahead of the second"
    yield f"| {fixed} | product to {' | to '.join(others)} |"
    yield f"|---|---|---|---|---|{'---|' * len(others)}"
    for task in ABOUT:
        for trained, tested in conditions(results, task):
            shares = {name: by_seed(results, task, name, trained, tested) for name in FUSIONS}
            first, second = sorted(COMPARED, key=lambda name: -sum(shares[name].values()))[:2]
            ahead = f"{second}: {told(difference(shares[first], shares[second]))}"
            cells = (told(difference(shares["product"], shares[name])) for name in others)
            yield f"| {task} | {trained:g} | {tested:g} | {first} | {ahead} | {' | '.join(cells)} |"


def difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Interval:
    """The mean over seeds that both have."""
    return mean_interval([ours[seed] - theirs[seed] for seed in ours if seed in theirs])


def told(change: Interval) -> str:
    """In points; bold where it is not within what seeds differ by."""
    text = in_percent(change, "+")
    return f"**{text}**" if change.low > 0 or change.high < 0 else text

"""Can Poly-SA answer what softmax attention answers? Trained on synthetic sequences until both do, or steps run out.

python -m impls.attention.recall                  # five seeds, some minutes on two cores
python -m impls.attention.recall --seeds 0 --steps 200
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from impls.attention.mixers import Answering, PolySA, SelfAttention
from impls.attention.sequences import Task, majority, recall
from impls.hadaptive.ablation.estimates import in_percent
from impls.hadaptive.training.command import numbers, use_threads
from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from opbench.vocabulary.student import mean_interval

TASKS = (recall(4), recall(8), recall(16), majority())
MODELS: dict[str, Callable[[Task], Answering]] = {
    "self_attention, width 32": lambda task: Answering(task, 32, SelfAttention(32, heads=4)),
    "poly_sa, width 32": lambda task: Answering(task, 32, PolySA(32)),
    "poly_sa, width 128": lambda task: Answering(task, 128, PolySA(128)),
}
TOKENS, LONGER = 24, 96
"""Of the sequences trained on, and of others that are only tested."""
BATCH, RATE, TESTED = 64, 2e-3, 2048
EVERY = 100
"""Steps from one look at the accuracy to the next."""
ENOUGH = 0.99


@dataclass(frozen=True)
class Trained:
    """accuracy: of unseen sequences of TOKENS; longer: of LONGER tokens. steps: taken, fewer where it was ENOUGH."""

    accuracy: float
    longer: float
    steps: int


def trained(make: Callable[[Task], Answering], task: Task, seed: int, steps: int) -> Trained:
    """One training by Adam; the same seed gives the same figures on the same machine and number of threads."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make(task)
    random, unseen = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(1000 + seed)
    test, longer = task.draw(TESTED, TOKENS, unseen), task.draw(TESTED, LONGER, unseen)
    optimizer, accuracy, done = torch.optim.Adam(model.parameters(), RATE), 0.0, 0
    while done < steps and accuracy < ENOUGH:
        for _ in range(min(EVERY, steps - done)):
            tokens, answers = task.draw(BATCH, TOKENS, random)
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(tokens), answers)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            done += 1
        accuracy = share_right(model, *test)
    return Trained(accuracy, share_right(model, *longer), done)


@torch.no_grad()
def share_right(model: nn.Module, tokens: torch.Tensor, answers: torch.Tensor) -> float:
    return float((model(tokens).argmax(1) == answers).float().mean())


def rows(seeds: Sequence[int], steps: int) -> Iterator[str]:
    """Markdown, a line as soon as it is known."""
    yield f"| task | model | parameters | right, % | at {LONGER} tokens, % | seeds at {ENOUGH:.0%} | steps |"
    yield "|---|---|---|---|---|---|---|"
    for task in TASKS:
        for name, make in MODELS.items():
            found = [trained(make, task, seed, steps) for seed in seeds]
            size = sum(parameter.numel() for parameter in make(task).parameters())
            right, longer = (
                in_percent(mean_interval(shares))
                for shares in ([each.accuracy for each in found], [each.longer for each in found])
            )
            enough = sum(each.accuracy >= ENOUGH for each in found)
            spent = sorted(each.steps for each in found)
            told = f"{enough} of {len(found)} | {spent[0]:,} to {spent[-1]:,}"
            yield f"| {task.name} | {name} | {size:,} | {right} | {longer} | {told} |"


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m impls.attention.recall", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma-separated")
    parser.add_argument("--steps", type=int, default=2000, help="of a training, at most")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves PyTorch's choice")
    given = parser.parse_args(words)

    def work() -> None:
        if given.steps < 1:
            raise UsageError(f"--steps is {given.steps}; expected at least 1")
        use_threads(given.threads)
        for row in rows(numbers("--seeds", given.seeds), given.steps):
            print(row, flush=True)

    return exit_code("recall", work)


if __name__ == "__main__":
    sys.exit(main())

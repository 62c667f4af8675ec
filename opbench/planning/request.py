"""What a sweep was asked: enough to make its plan again, here or where its shards are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from opbench import catalog, operator_files
from opbench.errors import UsageError
from opbench.planning.plan import Plan, Task, plan
from opbench.planning.shard import Cut, Shard, cut, plan_digest
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Grid, Narrowing, Sweep


@dataclass(frozen=True)
class Request:
    """sweep: its name, or a file or module of operators. by: what the command line put in place of its own values.
    device: `cpu` or `cuda`. clock: its name. budget_s, split: what the times of a cut depend on.
    """

    sweep: str
    device: str
    clock: str
    budget_s: float
    split: bool = False
    by: Narrowing = field(default_factory=Narrowing)

    @property
    def name(self) -> str:
        """Under which its runs are kept."""
        return operator_files.run_name(self.sweep)

    def plan(self) -> Plan:
        """Raises UsageError for what is not known here."""
        return plan(question(self.sweep).narrowed(self.by), self.device, self.clock)

    def share(self, shard: Shard) -> Share:
        """What of the plan is the shard's. Raises UsageError as `plan`, and as `cut`."""
        whole = self.plan()
        digest = plan_digest(whole)
        if shard.whole:
            return Share(whole, whole, digest, "")
        dealt = self.dealt(whole, shard.count)
        return Share(whole, dealt.of(shard), digest, dealt.digest)

    def dealt(self, whole: Plan, count: int) -> Cut:
        """The plan cut into so many shards. Raises UsageError as `cut`."""
        return cut(whole, count, Settings(budget_s=self.budget_s, split=self.split))


@dataclass(frozen=True)
class Share:
    """The plan and the tasks of one shard of it. digest: of the plan; cut: of how it was dealt, "" where it was not."""

    plan: Plan
    tasks: Plan | Sequence[Task]
    digest: str
    cut: str

    @property
    def cases(self) -> int:
        """How many cases are the shard's."""
        return self.tasks.cases if isinstance(self.tasks, Plan) else sum(len(task.cases) for task in self.tasks)


def question(text: str) -> Sweep:
    """The sweep of this name, or of the operators of a file. Raises UsageError."""
    return file_sweep(text) if operator_files.is_file(text) else catalog.sweep(text)


def file_sweep(text: str) -> Sweep:
    """The operators of a file or module at their defaults, which the command line may widen. Raises UsageError."""
    operators = [catalog.operator(name) for name in operator_files.use(text)]
    grids = (Grid((one.name,), {axis.name: (axis.default,) for axis in one.axes}) for one in operators)
    return Sweep(f"how long do the operators of {text} take?", tuple(grids))


def with_threads(sweep: Sweep, name: str, by: Narrowing, threads: tuple[int, ...]) -> tuple[Narrowing, int]:
    """`threads` as values of the sweep's axis of that name, or of the process where it has none; (0,) leaves both.

    Raises UsageError for several where there is no such axis.
    """
    if threads != (0,) and sweep.has_axis("threads"):
        return replace(by, axes={**by.axes, "threads": threads}), 0
    if len(threads) > 1:
        raise UsageError(
            f"--threads is {','.join(map(str, threads))}, and sweep {name!r} has no axis of threads; give one"
        )
    return by, threads[0]

"""What `opbench sweep` was asked, before any of it is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from opbench.commands.history.into import Into
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Narrowing


@dataclass(frozen=True)
class SweepOptions:
    """name: of the sweep, or a file of operators. budget_s replaces the sweep's own; None leaves it.

    threads: values of the sweep's axis of that name, or of the process where it has none; (0,) leaves both.
    with_ceilings: measure this machine's first where they are not known. shard: `I/N`.
    devices: of this host, which share the points; () for the one that `device` names.
    on: `ray`, whose cluster's devices share them; accelerator: the kind of GPU there, "" where there is one kind.
    history: gets the rows of the run when it is over.
    wait: for another measurement on a device, or raise MachineError.
    serve: the port of the page that shows the run until it is over, 0 for any; None for no page.
    """

    name: str
    by: Narrowing = field(default_factory=Narrowing)
    device: str = "auto"
    clock: str | None = None
    results: Path = Path("results")
    resume: bool = False
    settings: Settings = field(default_factory=Settings)
    threads: tuple[int, ...] = (0,)
    budget_s: float | None = None
    with_ceilings: bool = False
    shard: str = "1/1"
    devices: tuple[str, ...] = ()
    on: str = ""
    accelerator: str = ""
    history: Into | None = None
    wait: bool = True
    serve: int | None = None
    as_json: bool = False

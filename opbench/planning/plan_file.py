"""`plan.json` beside a run's records: of which plan the run is, and which shard of it.

The file is written whole when the run begins, before its first record. A merged run's has a part for every shard that
went into it. Runs of before have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from opbench.cli.plain import plain
from opbench.errors import UsageError
from opbench.planning.request import Request, Share
from opbench.planning.shard import Shard
from opbench.store.runs import Run

FILE = "plan.json"
SCHEMA = 1
LONGEST_NAME = 200


@dataclass(frozen=True)
class Part:
    """One shard of one plan. plan, cut: digests, see `Share`. cases: how many the shard has."""

    request: Request
    shard: Shard
    plan: str
    cut: str
    cases: int

    @classmethod
    def of(cls, request: Request, shard: Shard, share: Share) -> Part:
        return cls(request, shard, share.digest, share.cut, share.cases)

    @property
    def whole(self) -> tuple[str, str, int]:
        """What parts of one cut of one plan have in common."""
        return self.plan, self.cut, self.shard.count


@dataclass(frozen=True)
class PlanFile:
    """parts: sorted, one but for a merged run. merged: whether the run was put together from others."""

    parts: tuple[Part, ...]
    merged: bool = False

    @classmethod
    def of(cls, parts: Iterable[Part], *, merged: bool = False) -> PlanFile:
        """Each part once, in an order that does not depend on how they came."""
        each = {msgspec.json.encode(part): part for part in parts}
        return cls(tuple(each[text] for text in sorted(each)), merged)

    def write(self, run: Run) -> None:
        """Raises MachineError where it cannot be written."""
        data = msgspec.to_builtins(self)
        run.write_json(FILE, {"schema": SCHEMA, **data})


def _fit(found: PlanFile) -> PlanFile:
    """Raises ValueError where a sweep's name is no folder's: a merge makes one of it, and plans come from others."""
    for name in (part.request.name for part in found.parts):
        if name in {"", ".", ".."} or "/" in name or name != plain(name) or len(name) > LONGEST_NAME:
            raise ValueError(f"a sweep of the name {name!r:.80}; expected one of a folder")
    return found


def read(run: Run) -> PlanFile | None:
    """None where the run has no such file. Raises UsageError for one that cannot be read or is of another schema."""
    path = run.folder / FILE
    try:
        data = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        if (schema := data.pop("schema")) != SCHEMA or type(schema) is not int:
            raise UsageError(f"{path}: schema {schema!r:.40}, this opbench reads {SCHEMA}; remove that file to go on")
        return _fit(msgspec.convert(data, PlanFile))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}") from exc
    # A parser gives up on brackets nested a thousand deep with RecursionError.
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise UsageError(
            f"{path} is no plan of a run ({type(exc).__name__}: {exc!s:.200}); remove that file to go on without it"
        ) from exc

"""What a run set out to do, `progress.json` beside its records: so that whoever looks on knows how much is left."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from typing import Annotated, TypeAlias

import msgspec

from opbench.errors import UsageError
from opbench.store.runs import Run

NAME = "progress.json"

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class Begun:
    """One session of a run, from its beginning or from where `--resume` went on.

    cases: of the whole run; before: those of them that were on record already.
    from_byte: how long the records file was then. began_s: when that was, seconds since 1970.
    expected_s: how long it was said to take at most. process and host: who writes it.
    """

    cases: Count
    before: Count
    from_byte: Count
    began_s: Seconds
    expected_s: Seconds
    process: Count
    host: str


def begin(run: Run, cases: int, before: int, expected_s: float, now_s: float) -> None:
    """Say what this process is going to do, whose journal of the run is open. Raises MachineError as `Run.write`."""
    size = run.records_file.stat().st_size
    begun = Begun(cases, before, size, now_s, expected_s, os.getpid(), platform.node())
    run.write_json(NAME, asdict(begun))


def begun(run: Run) -> Begun | None:
    """The latest session; None of a run that kept none, as those of `opbench profile` do.

    Raises UsageError where the file says something else.
    """
    path = run.folder / NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Begun)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(
            f"{path} is not as a sweep writes it ({exc!s:.200}); remove it, the records are whole"
        ) from exc

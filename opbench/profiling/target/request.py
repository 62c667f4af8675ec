"""What `run_case` is asked, and how it travels to another process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from opbench.store.codec import point_from_json, point_to_json
from opbench.vocabulary.case import Case

Region: TypeAlias = Literal["none", "perf", "cuda", "trace"]


@dataclass(frozen=True)
class TargetRequest:
    """One case and how often to call it.

    folder: where the answer is written, as `answer.json`; for region `perf` it holds the named pipes `control`, which
        perf reads, and `ack`, which it answers on.
    calls: of the launch inside the region, after warming up; 0 for as many as take about `fill_s` seconds.
    region: how a tool outside recognises those calls: by perf's control pipe, by an NVTX range named after the case
        together with cudaProfilerStart and Stop, or not at all; `trace` has them traced by the process itself, and
        for 0 calls takes few.
    threads: CPU threads that the case was measured with; 0 leaves PyTorch's choice.
    """

    case: Case
    folder: Path
    calls: int = 0
    fill_s: float = 0.3
    region: Region = "none"
    threads: int = 0

    @property
    def answer_file(self) -> Path:
        return self.folder / "answer.json"

    def to_json(self) -> str:
        case = [point_to_json(self.case.point), self.case.backend, self.case.replica]
        return json.dumps({**vars(self), "case": case, "folder": str(self.folder)})


def request_from_json(text: str) -> TargetRequest:
    """Raises KeyError, TypeError or ValueError when the text is no TargetRequest."""
    data = json.loads(text)
    point, backend, replica = data["case"]
    case = Case(point_from_json(point), backend, replica)
    return TargetRequest(**data | {"case": case, "folder": Path(data["folder"])})


def range_name(case: Case) -> str:
    """Return the case in letters, digits, `_`, `.` and `-`: the rest means something in a profiler's filters."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "_.-") else "_" for char in case.key)

"""Memory that one call takes above its inputs, output included, each case in a fresh process; Linux alone.

    python -m impls.attention.memory

Records of latency have no such figure, and PyTorch's allocator keeps none on a CPU: the kernel's high-water mark does.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from impls.resident import peak_growth
from opbench import catalog
from opbench.cli.exit_code import exit_code
from opbench.errors import MachineError
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.case import Point

CASES = {
    ("self_attention", "torch_eager"): (256, 1024, 4096),
    ("self_attention", "torch_sdpa"): (256, 1024, 4096, 16384),
    ("poly_sa", "torch_eager"): (256, 1024, 4096, 16384, 65536),
    ("poly_sa", "second_moments"): (256, 1024, 4096, 16384, 65536),
    ("poly_sa", "cpp_ext"): (256, 1024, 4096, 16384, 65536),
}


def peak_bytes(operator: str, backend: str, tokens: int) -> int:
    """Growth of resident memory within one call in float32 at the operator's default width, after a small call.

    Raises MachineError where the backend cannot run or the system keeps no such mark.
    """
    described, chosen = catalog.operator(operator), catalog.backend(operator, backend)
    if not isinstance(chosen, Backend):
        raise MachineError(f"{operator} {backend} cannot run here: {chosen.reason}")
    small, large = (Point(operator, described.complete({"tokens": count}), "float32") for count in (64, tokens))
    chosen.prepare(small, described.inputs(small), None, "")()  # libraries load, threads start
    inputs = described.inputs(large)
    _, growth = peak_growth(chosen.prepare(large, inputs, None, ""))
    if "peak_bytes" not in growth:
        raise MachineError("this system keeps no mark of the most memory that a process had; expected Linux's /proc")
    return int(growth["peak_bytes"])


def main(words: Sequence[str]) -> int:
    """Without words the table; with an operator, a backend and tokens that case alone. Exit codes: 0 done, 3 cannot."""
    if words:
        return exit_code("memory", lambda: print(peak_bytes(words[0], words[1], int(words[2]))))
    print("| case | tokens | MiB |\n|---|---|---|")
    for (operator, backend), counts in CASES.items():
        for tokens in counts:
            command = [sys.executable, "-m", "impls.attention.memory", operator, backend, str(tokens)]
            told = subprocess.run(command, capture_output=True, text=True, check=False)
            answer = f"{int(told.stdout) / 2**20:.1f}" if told.returncode == 0 else told.stderr.strip()
            print(f"| {operator} {backend} | {tokens:,} | {answer} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

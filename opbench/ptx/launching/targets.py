"""Which PTX runs on which device."""

from __future__ import annotations

import re

from opbench.errors import UsageError


def check_target(target: str, architecture: str) -> None:
    """Raises UsageError where PTX for `target`, such as "sm_90a", does not run on a device of `architecture`.

    PTX runs on what is as new as its target or newer; with `a` on that architecture alone, with `f` on its family: the
    same major version (PTX ISA, "PTX Module Directives: .target").
    """
    wanted = re.fullmatch(r"sm_(\d+)([af]?)", target)
    if wanted is None:
        raise UsageError(f"PTX says .target {target or '(none)'}; expected one such as sm_90, as compilers write it")
    asked, here = int(wanted[1]), int(architecture.removeprefix("sm_"))
    if wanted[2] == "a":
        runs = here == asked
    elif wanted[2] == "f":
        runs = here >= asked and here // 10 == asked // 10
    else:
        runs = here >= asked
    if not runs:
        raise UsageError(
            f"PTX for {target} does not run on {architecture}; compile for {architecture}, or use "
            f'opbench.ptx.device("sm_{asked}")'
        )

"""What must be the same for two times to be comparable, besides the code: the machine, the libraries, the settings.

Everything an environment says counts, unless it is known to move on its own: a key nobody thought of is then a
difference too many, which `--allow machine` waives, and not one too few, which nobody would see.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from opbench.store.environment_facts import comparable


def environment_differences(base: Mapping[str, Any], head: Mapping[str, Any]) -> list[str]:
    """In words, such as `cpu 'A' against 'B'`, sorted by key; empty where the two are comparable."""
    old, new = comparable(base), comparable(head)
    changed = sorted(key for key in old | new if old.get(key) != new.get(key))
    return [f"{key} {_value(old, key)} against {_value(new, key)}" for key in changed]


def comparable_info(machine_info: Mapping[str, Any]) -> dict[str, Any]:
    """What a pytest-benchmark file says of its machine and has to be the same; empty where it says nothing."""
    cpu = machine_info.get("cpu")
    cpu = cpu if isinstance(cpu, Mapping) else {}
    info = {
        "cpu": cpu.get("brand_raw", cpu.get("brand")),  # py-cpuinfo renamed it in version 5
        "cores": cpu.get("count"),
        "architecture": cpu.get("arch", machine_info.get("machine")),
        "system": machine_info.get("system"),
        "python": machine_info.get("python_version"),
        "python_implementation": machine_info.get("python_implementation"),
    }
    return {key: value for key, value in info.items() if value is not None and value != ""}


def machine_info(environment: Mapping[str, Any]) -> dict[str, Any]:
    """pytest-benchmark's description of this machine, for workers of that environment that ran on it."""
    system = platform.uname()
    return {
        "node": system.node,
        "processor": system.processor,
        "machine": system.machine,
        "python_implementation": platform.python_implementation(),
        "python_version": str(environment.get("python", platform.python_version())),
        "release": system.release,
        "system": system.system,
        "cpu": {
            "arch": system.machine,
            "count": environment.get("cores"),
            "brand_raw": str(environment.get("cpu", environment.get("device_name", ""))),
        },
    }


def _value(environment: Mapping[str, Any], key: str) -> str:
    return repr(environment[key]) if key in environment else "none"

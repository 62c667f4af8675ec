"""What other installed packages announce, by entry points of the groups `opbench.operators`, `.backends`, `.sweeps` and
`.reports`. One that is broken costs itself: whoever asks for it is told in one line whose it is and what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, metadata
from typing import Any, TypeVar

from opbench.errors import UsageError, describe_exception
from opbench.vocabulary.record import Unavailable

GROUPS = ("operators", "backends", "sweeps", "reports")

Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class Plugin:
    """One entry point. module: what it names. distribution: the package that announces it, with its version."""

    group: str
    name: str
    module: str
    distribution: str

    def __str__(self) -> str:
        return f"{self.group} {self.name!r} of {self.distribution} ({self.module})"

    def load(self, made: Callable[[Any], Loaded], suffix: str = "") -> Loaded:
        """What `made` takes from the module. Raises UsageError, one line, whatever goes wrong."""
        try:
            return made(import_module(self.module + suffix))
        except (Exception, SystemExit) as exc:
            raise UsageError(
                f"{self} cannot be loaded: {describe_exception(exc)}; mend or uninstall {self.distribution.split()[0]}"
            ) from exc

    def backend(self, made: Callable[[Any], Loaded]) -> Loaded | Unavailable:
        """As `load`, of a backend, which is Unavailable where a library is missing, whichever that is."""
        try:
            return made(import_module(self.module))
        except ModuleNotFoundError as exc:
            return Unavailable(f"{exc.name} is not installed, which {self} needs")
        except (Exception, SystemExit) as exc:  # noqa: BLE001  (whatever another package's import raises)
            return Unavailable(f"{self} cannot be loaded: {describe_exception(exc)}")


@lru_cache(maxsize=8)
def announced(group: str) -> Mapping[str, Plugin]:
    """By name, those of one group: of two with one name the first of the two packages, see `clashes`."""
    found: dict[str, Plugin] = {}
    for plugin in _all(group):
        found.setdefault(plugin.name, plugin)
    return found


def clashes(group: str, known: Collection[str]) -> list[str]:
    """One line for every plug-in that is left out because its name is taken. known: names that come with opbench."""
    lines = []
    taken = announced(group)
    for plugin in _all(group):
        if plugin.name in known:
            lines.append(f"{plugin} is left out: opbench has {plugin.name!r} itself; rename the entry point")
        elif taken[plugin.name] != plugin:
            lines.append(f"{plugin} is left out: {taken[plugin.name].distribution} announces that name too")
    return lines


@lru_cache(maxsize=1)
def entry_points() -> dict[str, metadata.EntryPoints]:
    """By group, of every installed package. To read them takes 6 ms where there are 200, whichever group is wanted."""
    found = metadata.entry_points()
    return {group: found.select(group=f"opbench.{group}") for group in GROUPS}


def _all(group: str) -> list[Plugin]:
    entries = entry_points()[group]
    plugins = {Plugin(group.removesuffix("s"), entry.name, entry.value, _distribution(entry)) for entry in entries}
    return sorted(plugins, key=lambda plugin: (plugin.distribution, plugin.name, plugin.module))


def _distribution(entry: metadata.EntryPoint) -> str:
    return "an unnamed package" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"

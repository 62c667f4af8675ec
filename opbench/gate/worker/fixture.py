"""`benchmark` as tests know it from pytest-benchmark, except that the gate says when its samples are taken.

What only the harness can know in advance is ignored: rounds, warm-up rounds and iterations of `pedantic`, and the
marker's times. A function is called as often as the gate needs, so one that works only once fails here, audibly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from opbench.gate.worker.timer import Arguments, SetupTimer


class FixtureAlreadyUsed(Exception):  # noqa: N818  (pytest-benchmark's name for it)
    """A test has called `benchmark` twice: which of the two is it about?"""


class WaitForSlices(Protocol):
    """Keeps the test where it is while slices of the call are asked for."""

    def __call__(self, call: Callable[..., object], with_setup: SetupTimer | None = None) -> None: ...


class BenchmarkFixture:
    """One test's fixture. `stats` stays None: there are none before the gate has compared both sides."""

    stats = None
    enabled = True
    disabled = False

    def __init__(self, item: Any, wait_for_slices: WaitForSlices) -> None:
        marker = item.get_closest_marker("benchmark")
        self.name: str = item.name
        self.fullname: str = item.nodeid
        self.group: str | None = marker.kwargs.get("group") if marker else None
        self.params: dict[str, Any] | None = item.callspec.params if hasattr(item, "callspec") else None
        self.param: str | None = item.callspec.id if hasattr(item, "callspec") else None
        self.extra_info: dict[str, Any] = {}
        self._wait_for_slices = wait_for_slices
        self._used = ""

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Time `function(*args, **kwargs)` and return its result. Also a decorator: then the name holds the result."""
        self._use("benchmark(...)")
        call = partial(function, *args, **kwargs) if args or kwargs else function
        self._wait_for_slices(call)
        return call()

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Arguments | None] | None = None,
        teardown: Callable[..., object] | None = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        """Time `target`. With `setup` or `teardown`, a sample is one call with both around it, untimed."""
        self._use("benchmark.pedantic(...)")
        _require_positive(rounds=rounds, warmup_rounds=warmup_rounds + 1, iterations=iterations)
        if setup is None and teardown is None:
            call = partial(target, *args, **kwargs or {}) if args or kwargs else target
            self._wait_for_slices(call)
            return call()
        if iterations > 1 and setup is not None:
            raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")

        def arguments() -> Arguments:
            from_setup = setup() if setup is not None else None
            if from_setup and (args or kwargs):
                raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")
            return from_setup or (args, kwargs or {})

        self._wait_for_slices(target, SetupTimer(arguments, teardown))
        last_args, last_kwargs = arguments()
        result = target(*last_args, **last_kwargs)
        if teardown is not None:
            teardown(*last_args, **last_kwargs)
        return result

    def _use(self, mode: str) -> None:
        if self._used:
            raise FixtureAlreadyUsed(f"Fixture can only be used once. Previously it was used in {self._used} mode.")
        self._used = mode

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"benchmark.{name} is not there when the gate runs a test; there are benchmark(...), "
            "benchmark.pedantic(...), extra_info, group, name, fullname, param, params, enabled, disabled, stats"
        )


def _require_positive(**counts: object) -> None:
    for name, count in counts.items():
        if not isinstance(count, int) or count < 1:
            raise ValueError(f"Must have positive int for `{name}`.")

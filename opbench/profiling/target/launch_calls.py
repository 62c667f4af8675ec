"""A launch called, waited for and warmed up."""

from __future__ import annotations

from time import perf_counter

from opbench.device import synchronize
from opbench.vocabulary.backend import Launch


def call_launch(launch: Launch, calls: int, device: str) -> None:
    """Call it so often, and return when the device is done."""
    for _ in range(calls):
        launch()
    synchronize(device)


def warm_up(launch: Launch, device: str, min_s: float) -> float:
    """Call it for `min_s` seconds, at least twice. Return seconds of the fastest call: others only add to it."""
    start_s, calls, fastest_s = perf_counter(), 0, float("inf")
    while calls < 2 or perf_counter() - start_s < min_s:
        call_start_s = perf_counter()
        call_launch(launch, 1, device)
        calls, fastest_s = calls + 1, min(fastest_s, perf_counter() - call_start_s)
    return fastest_s

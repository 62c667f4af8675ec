"""A launch called, waited for and warmed up; torch is imported only where there is a GPU to wait for."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opbench.backend import Launch


def call(launch: Launch, calls: int, device: str) -> None:
    for _ in range(calls):
        launch()
    synchronize(device)


def synchronize(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


def warm_up(launch: Launch, device: str, least_s: float) -> float:
    """Seconds of the fastest call, once `least_s` are over and it was called twice: others only add to it."""
    start, calls, fastest = perf_counter(), 0, float("inf")
    while calls < 2 or perf_counter() - start < least_s:
        before = perf_counter()
        call(launch, 1, device)
        calls, fastest = calls + 1, min(fastest, perf_counter() - before)
    return fastest

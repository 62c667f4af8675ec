"""Waiting for a device; torch is imported only where there is a GPU to wait for."""

from __future__ import annotations


def synchronize(device: str) -> None:
    """Return once all that was enqueued on `device` is done. A CPU's calls are done when they return."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()

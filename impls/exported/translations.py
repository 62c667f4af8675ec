"""What PyTorch's exporter translates operators with, read once a process and not once an export.

At every export the exporter asks onnxscript for its translations, and onnxscript parses the source of all 497 of them
anew, 0.4 s of the 1 to 3 that a small model takes. They are code, so they do not change.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any


@lru_cache(maxsize=1)
def remember() -> None:
    """From now on this process keeps what onnxscript answers first.

    The names are private to PyTorch (2.13): where another release has them no more, it asks again as before. Raises
    ModuleNotFoundError without onnxscript.
    """
    registration: Any = import_module("torch.onnx._internal.exporter._registration")
    asked: Any = getattr(registration, "onnxscript_apis", None)
    if hasattr(asked, "get_torchlib_ops"):
        asked.get_torchlib_ops = lru_cache(maxsize=1)(asked.get_torchlib_ops)

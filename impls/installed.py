"""Whether a library that a backend stands on is installed; nothing is imported for the answer."""

from __future__ import annotations

import importlib.util


def why_not_installed(module: str, package: str) -> str | None:
    """What to install where the module cannot be found, or None."""
    if importlib.util.find_spec(module) is not None:
        return None
    return f"{package} is not installed; python -m pip install {package}"

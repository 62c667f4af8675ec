"""TypeErrors of libraries that register operators through PyTorch's stable interface: see `csrc/errors.h`."""

from __future__ import annotations

_MARK = "TypeError: "


def typed(error: RuntimeError) -> Exception:
    """The TypeError that a library meant, or the error itself."""
    words = str(error)
    return TypeError(words.removeprefix(_MARK)) if words.startswith(_MARK) else error

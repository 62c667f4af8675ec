"""The operators on boxes on a GPU: the programs, and their launches."""

from impls.installed import why_not_installed


def unavailable(_: str) -> str | None:
    """Why the Triton kernels cannot run here, or None."""
    return why_not_installed("triton", "triton")

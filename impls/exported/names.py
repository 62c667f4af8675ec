"""What our operators are called in a file: domain, version, and one name for each normaliser.

A node cannot choose between bodies by a string, so the normaliser is part of the operator's name.
"""

from __future__ import annotations

from impls.cross_hadamard.norms import check_norm

DOMAIN = "opbench"
VERSION = 1

SUFFIXES = {"softsign": "", "sigmoid": "Sigmoid", "algebraic": "Algebraic", "tanh": "Tanh", "identity": "Identity"}

CROSS_HADAMARD = "CrossHadamard"

FUSED_NETWORK = "FusedNetwork"
"""A whole network: x and all its folded weights, with the layers as text in an attribute of that name."""


def expand_name(norm: str) -> str:
    """`AchExpand` of DySoft, `AchExpandTanh`, ...: x, index, alpha, weight, bias. Raises UsageError as the operator."""
    check_norm(norm)
    return f"AchExpand{SUFFIXES[norm]}"


def select_expand_name(norm: str) -> str:
    """`AchSelectExpand` of DySoft, ...: x, taps, alpha, weight, bias, with k as an attribute. Raises as above."""
    check_norm(norm)
    return f"AchSelectExpand{SUFFIXES[norm]}"


def missing(library: object) -> str:
    """What to tell whoever lacks one of the three libraries that files need."""
    return f"{library} is not installed; `python -m pip install onnx onnxscript onnxruntime`"

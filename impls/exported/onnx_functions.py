"""Our operators in standard nodes, as functions that travel in the file: what a runtime without our library computes.

Written to be quick there, so that nobody is compared with a straw man. Pair tables depend on k alone and are folded
when a session opens; alpha scales the k selected maps, not the k(k-1)/2 products; Softsign is one node.

Normalised products are computed in float32 whatever x is. Only for DyAlge is the argument bounded, as it is in PyTorch
for all: the square of a product above 1.8e19 would give 0 where 1 is right. DySoft gives NaN for infinite products.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from impls.exported.names import CROSS_HADAMARD, DOMAIN, SUFFIXES, expand_name, select_expand_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onnx import FunctionProto

OPSET = 18
"""Of the standard nodes: the newest that the oldest runtime with our library (1.16) has in full."""

PAIRS = """
   zero = Constant <value_int = 0> ()
   one = Constant <value_int = 1> ()
   two = Constant <value_int = 2> ()
   less = Sub (k, one)
   ordered = Mul (k, less)
   count = Div (ordered, two)
   p = Range (zero, count, one)
   m = Add (k, less)
   m_m = Mul (m, m)
   eight = Constant <value_int = 8> ()
   p_8 = Mul (p, eight)
   under = Sub (m_m, p_8)
   under_double = Cast <to = 11> (under)
   root = Sqrt (under_double)
   m_double = Cast <to = 11> (m)
   twice = Sub (m_double, root)
   two_double = Cast <to = 11> (two)
   real = Div (twice, two_double)
   row = Floor (real)
   i = Cast <to = 7> (row)
   rest = Sub (m, i)
   crossed = Mul (i, rest)
   start = Div (crossed, two)
   within = Sub (p, start)
   behind = Add (i, within)
   j = Add (behind, one)
"""
"""From k, a scalar: both channels of every pair in row order. The root is exact in double where it is whole, and no
other lies within rounding of a whole number below 2^25 channels."""

GATHERED = """
   last = Constant <value_ints = [-1]> ()
   places = Unsqueeze (index, last)
   z = GatherND <batch_dims = 1> (x, places)
"""

SELECTED = """
   x_float = Cast <to = 1> (x)
   space = Constant <value_ints = [2, 3]> ()
   means = ReduceMean <keepdims = 0> (x_float, space)
   middle = Constant <value_ints = [1]> ()
   rows = Unsqueeze (means, middle)
   taps_row = Reshape (taps, taps_shape)
   mixed = Conv <auto_pad = "SAME_UPPER"> (rows, taps_row)
   scores = Squeeze (mixed, middle)
   first_axis = Constant <value_ints = [0]> ()
   k_list = Unsqueeze (k, first_axis)
   best, index = TopK <axis = 1> (scores, k_list)
"""

NORMALISED = """
   z_float = Cast <to = 1> (z)
   z_alpha = Mul (z_float, alpha)
   first = Gather <axis = 1> (z_alpha, i)
   second = Gather <axis = 1> (z_float, j)
   u = Mul (first, second)
   {f}
   behind_channels = Constant <value_ints = [1, 2]> ()
   weights = Unsqueeze (weight, behind_channels)
   biases = Unsqueeze (bias, behind_channels)
   scaled = Mul (f, weights)
   normed = Add (scaled, biases)
   pairs = CastLike (normed, x)
   y = Concat <axis = 1> (x, pairs)
"""

F = {
    "softsign": "f = Softsign (u)",
    "sigmoid": "s = Sigmoid (u)\n   half = Constant <value_float = 0.5> ()\n   f = Sub (s, half)",
    "algebraic": """far = Constant <value_float = 1e18> ()
   near = Neg (far)
   bounded = Clip (u, near, far)
   square = Mul (bounded, bounded)
   unit = Constant <value_float = 1.0> ()
   under_root = Add (square, unit)
   length = Sqrt (under_root)
   f = Div (bounded, length)""",
    "tanh": "f = Tanh (u)",
    "identity": "f = Identity (u)",
}


def _cross_hadamard(_: str) -> str:
    return f"""{CROSS_HADAMARD} (x, index) => (y) {{
   k_list = Shape <start = 1, end = 2> (index)
   k = Squeeze (k_list)
   {PAIRS} {GATHERED}
   first = Gather <axis = 1> (z, i)
   second = Gather <axis = 1> (z, j)
   y = Mul (first, second)
}}"""


def _expand(norm: str) -> str:
    return f"""{expand_name(norm)} (x, index, alpha, weight, bias) => (y) {{
   k_list = Shape <start = 1, end = 2> (index)
   k = Squeeze (k_list)
   {PAIRS} {GATHERED} {NORMALISED.format(f=F[norm])}
}}"""


def _select_expand(norm: str) -> str:
    return f"""{select_expand_name(norm)} <k> (x, taps, alpha, weight, bias) => (y) {{
   k = Constant <value_int: int = @k> ()
   taps_shape = Constant <value_ints = [1, 1, -1]> ()
   {SELECTED} {PAIRS} {GATHERED} {NORMALISED.format(f=F[norm])}
}}"""


BODIES: Mapping[str, tuple[Callable[[str], str], str]] = {
    CROSS_HADAMARD: (_cross_hadamard, ""),
    **{expand_name(norm): (_expand, norm) for norm in SUFFIXES},
    **{select_expand_name(norm): (_select_expand, norm) for norm in SUFFIXES},
}
"""How to write down each operator, by its name."""


@lru_cache(maxsize=16)
def function(name: str) -> FunctionProto:
    """The operator of that name as a function. Not to be changed."""
    from onnx import parser

    body, norm = BODIES[name]
    parsed: FunctionProto = parser.parse_function(f'<domain: "{DOMAIN}", opset_import: ["" : {OPSET}]> {body(norm)}')
    for node in parsed.node:  # a profiler shows them
        node.name = f"{DOMAIN}.{name}.{node.output[0]}"
    return parsed

"""What instructions do, a file for each family. Importing this makes all of them known to the registry."""

from opbench.ptx.instructions import (
    access,
    atomics,
    bits,
    choices,
    control,
    conversion,
    integer,
    matrix,
    moves,
    products,
    warp,
)  # fmt: skip

FAMILIES = (access, atomics, bits, choices, control, conversion, integer, matrix, moves, products, warp)

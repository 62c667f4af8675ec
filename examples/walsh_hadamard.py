"""The Walsh-Hadamard transform by a matrix and by butterflies: `opbench sweep examples/walsh_hadamard.py --order 64,1024`."""

import torch

import opbench


def matrix(order, like):
    """The Hadamard matrix of an order that is a power of two, by Sylvester's construction."""
    result = torch.ones(1, 1, dtype=like.dtype, device=like.device)
    while result.shape[0] < order:
        result = torch.kron(torch.tensor([[1, 1], [1, -1]], dtype=like.dtype, device=like.device), result)
    return result


@opbench.operator(axes={"rows": 64, "order": 256}, check=[{"rows": 1, "order": 1}, {"rows": 3, "order": 2}])
def walsh_hadamard(x):
    """Multiplies by the matrix, which is made in every call."""
    return x @ matrix(x.shape[-1], x)


@walsh_hadamard.inputs
def inputs(rows, order):
    return torch.randn(rows, order)


@walsh_hadamard.backend("prepared", prepares=True)
def prepared(x):
    """Multiplies by a matrix that was made before."""
    made = matrix(x.shape[-1], x)
    return lambda: x @ made


@walsh_hadamard.backend("butterfly")
def butterfly(x):
    """Sums and differences of halves, log2(order) times."""
    rows, order = x.shape
    if order == 1:
        return x.clone()  # an output is memory of its own
    width = 1
    while width < order:
        halves = x.reshape(rows, -1, 2, width)
        x = torch.stack((halves[:, :, 0] + halves[:, :, 1], halves[:, :, 0] - halves[:, :, 1]), dim=2)
        width *= 2
    return x.reshape(rows, order)

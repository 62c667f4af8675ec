"""The cross-Hadamard product: all pairwise products of (selected) channels."""

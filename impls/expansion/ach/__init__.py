"""Adaptive cross-Hadamard expansion: the channels, and the products of all pairs of a selection of them."""

"""Polynomial networks: recursions of Hadamard products of projections of the input, without activation functions."""

"""Hadamard products as masks and as a fusion of two views, trained: what arXiv 2504.13112 proposes and leaves open."""

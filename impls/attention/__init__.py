"""Softmax self-attention and Poly-SA, which mixes tokens by element-wise products and a mean: arXiv 2504.13112."""

"""softmax(Q K^T / sqrt(d)) V by heads, between four projections: quadratic in tokens."""

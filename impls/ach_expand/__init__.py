"""The fused ACH expansion; its backends are those of the cross-Hadamard product."""

"""Three ways to expand m channels to n: pointwise convolution, Ghost, and adaptive cross-Hadamard (ACH)."""

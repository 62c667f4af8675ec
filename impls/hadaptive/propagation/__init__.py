"""Mean and variance on their way through cross-Hadamard products (section A.2): theory, and measurement beside it."""

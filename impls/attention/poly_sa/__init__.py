"""Y = (Phi(X W1 * X W2) * X) W3: the product of two projections, its mean over tokens as a gate: linear in tokens."""

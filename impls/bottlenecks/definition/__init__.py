"""What the bottlenecks are as operators: sizes, inputs, the float64 reference, eager steps, and the arithmetic."""

"""Matrix products of operands in few bits, what helps them, and what it costs: a study of docs/low_precision.md."""

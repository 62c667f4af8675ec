"""One product of two quantised operands: how they are treated first, by which pattern, and at which cost."""

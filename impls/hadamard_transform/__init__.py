"""Walsh-Hadamard transforms along the last axis, with signs before them: the rotations of low precision."""

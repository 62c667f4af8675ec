"""A line's case measured again at two commits: what the gate is asked, and what its answer makes of a claim."""

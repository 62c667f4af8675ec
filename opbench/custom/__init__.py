"""A user's own callables measured as any operator is: `opbench.compare`, `opbench.time`, `opbench.load`.

What turns callables into an operator and its backends, carries them to the measuring process, and shows what came out.
"""

"""One case in a process of its own, as a profiler or a tool for hardware counters wants it: `run_case.py` is the
program, `spawn.py` starts it, `request.py` is what it is told. What runs inside that process stands here, and what
starts it; what is read from its answer does not.
"""

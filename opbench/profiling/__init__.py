"""`opbench profile`: where one call's time goes, its trace, its kernels, and what they take of the machine.

Here stands what is asked of the case, a file each, and what collects and keeps the answers: `profiler.py` asks,
`case_profile.py` is what it found out. Below: `target` runs one case in a process of its own, for a trace or under a
tool; `hardware_counters` are such tools. Measured launches are taken apart in `opbench.measure.split`.
"""

"""From comparisons to verdicts: which benchmarks are compared, what is screened, confirmed and said of each in the end.

Workers are known by an interface alone (workers.py), so that live ones, replayed ones and stored ones are judged alike.
"""

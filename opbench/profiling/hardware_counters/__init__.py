"""What tools outside the process count of one case: a file for each tool, and `counter_values.py`, what
all of them return.
"""

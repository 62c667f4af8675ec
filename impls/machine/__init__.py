"""What a machine can do, one operator for each of its limits: `opbench ceilings` measures them.

Each does one thing and nothing else, so that no other operator can do that thing faster.
"""

"""`opbench watch`: its options, and what it shows."""

"""`opbench bisect`: its options, and the walk."""

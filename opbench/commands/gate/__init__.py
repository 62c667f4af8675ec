"""`opbench gate`: its options, and a run of it."""

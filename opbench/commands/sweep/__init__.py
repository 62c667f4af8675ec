"""`opbench sweep`: its options, where it measures, and a run of it."""

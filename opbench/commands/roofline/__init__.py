"""`opbench roofline`: its options, a sweep on a machine that is not here, and each device of a run from the others."""

"""`opbench profile`: its options, on this machine and simulated."""

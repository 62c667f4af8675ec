"""`opbench compare`: its options, two runs or two environments."""

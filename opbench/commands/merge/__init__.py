"""`opbench merge`: its options, and the merged run."""

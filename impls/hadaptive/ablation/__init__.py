"""The ablations: the variants of the network, the log of their trainings, and the table of what came out."""

"""The bottleneck whose expansion is ACH: the mixed channels, and the normalised products of all selected pairs."""

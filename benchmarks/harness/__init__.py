"""What the harness itself costs: its start, its sweeps, its sizes, its users' lines."""

"""The PTX machine: what our kernels move, which planted faults it finds, how fast it is."""

"""Where one call's time goes: its split into parts, its trace, its kernels and what they take of the machine."""

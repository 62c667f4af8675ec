"""The machine: a kernel cut into basic blocks, translated once, and executed by threads that take turns."""

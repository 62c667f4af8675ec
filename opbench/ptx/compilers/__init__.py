"""How compilers' launches reach the machine: each language's own launch path, turned to the device that is active."""

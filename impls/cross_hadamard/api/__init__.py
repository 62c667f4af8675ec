"""Between the public functions and a backend: the torch.library operators, their gradients, the choice of `auto`."""

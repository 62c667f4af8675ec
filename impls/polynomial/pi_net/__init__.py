"""Pi-Net: a polynomial of the input's projections, a Hadamard product a degree, as NCP and as CCP."""

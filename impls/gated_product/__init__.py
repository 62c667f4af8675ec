"""y = f(gate) * value: the Hadamard product that language models run, as SwiGLU, GEGLU, GLU and ReGLU."""

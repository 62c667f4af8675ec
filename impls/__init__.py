"""What is measured: one package per operator, one file per backend."""

"""How often the gate is wrong: on tapes, by simulation, and live."""

"""The counters behind `opbench.counting`, and the formulas they share."""

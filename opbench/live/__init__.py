"""A run looked at while another process writes it: in a terminal, or as a page on loopback."""

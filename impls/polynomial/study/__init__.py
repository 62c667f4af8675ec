"""Pi-Nets beside networks of equally many parameters: what is learned when, how it extrapolates, when it breaks."""

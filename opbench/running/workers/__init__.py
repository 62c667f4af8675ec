"""Points of a sweep spread over several devices: of this host, or of a cluster."""

"""From samples to a comparison of head with base: reduction, tests, intervals, power. Pure functions of numbers."""

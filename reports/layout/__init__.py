"""What figures and tables are made of: style, axes, legends, curves, tiles, names beside points, files."""

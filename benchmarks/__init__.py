"""Measurements, never tests: each module measures one path and prints a table, or JSON with `--json`."""

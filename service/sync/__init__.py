"""Use cases that bring a destination in line with a source, once or by a schedule."""

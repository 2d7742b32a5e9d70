"""Shell code."""

"""The user's project files: their limits for a run, and what is written to them."""

"""The environment as it is installed: its distributions, their files, and whether it may be changed."""

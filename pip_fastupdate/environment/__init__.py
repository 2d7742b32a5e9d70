"""The installed environment: its distributions, their files, and whether it may be changed."""

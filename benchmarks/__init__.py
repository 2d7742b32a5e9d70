"""Measures pip-update beside uv, pip and pip-review: always in the same run, in turn, on the same index."""

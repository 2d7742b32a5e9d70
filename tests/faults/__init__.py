"""Fault injection: swaps and recoveries killed, or failing, at each of their calls to the file system.

``python -m tests.faults`` prints a table of what became of the environments; ``python -m tests.faults program`` does
the same with the real program, and ``python -m tests.faults peers`` compares it with pip and uv.
"""

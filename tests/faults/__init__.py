"""Fault injection: swaps and recoveries killed, or failing, at each of their calls to the file system.

``python -m tests.faults`` prints a table of what became of the environments.
"""

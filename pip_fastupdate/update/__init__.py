"""The story of a run: guard, scan, look up, plan, fetch, stage, verify, swap, check, report.

Nothing is imported here: `history` and its undo do without what a run needs, which may be what is broken.
"""

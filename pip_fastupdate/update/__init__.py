"""The stages of a run: guard, scan, look up, plan, fetch, stage, verify, swap, check, report.

Nothing is imported here: `history` and its undo work without what a run needs, which may be broken.
"""

"""Trials of what is new: its imports, before and after the swap, and the user's own test."""

"""Tests of new versions: imports before and after the swap, and the user's own test."""

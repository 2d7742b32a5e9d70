"""``--python``: the program run by another interpreter."""

"""``--python``: run the program with another interpreter."""

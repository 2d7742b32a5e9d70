"""The cache on the disk or in Redis: answers of indexes, wheels, what was settled; all that lies there is input."""

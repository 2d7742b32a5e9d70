"""The cache on disk or in Redis: index responses, wheels, the last result; all of it is input."""

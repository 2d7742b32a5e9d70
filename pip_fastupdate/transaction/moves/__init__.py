"""The moves of a swap: which paths, by which steps, and how to tell old from new."""

"""What moves in a swap: which paths, by which steps, and what tells old from new."""

"""What the planner finds, beside what there is to find, by brute force and a MaxSAT solver."""

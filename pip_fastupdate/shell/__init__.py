"""What shells are given."""

"""What may come in: each rule a ``Filter`` in a file of its own, listed in ``table``. Nothing is imported here."""

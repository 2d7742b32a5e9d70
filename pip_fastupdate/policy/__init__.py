"""Rules for what may be installed: each a ``Filter`` in its own module, listed in ``table``. Nothing is imported
here.
"""

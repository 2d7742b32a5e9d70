"""The only package that uses pip: its settings, its view of the environment, its wheel installer."""

"""The only part of the program that knows pip: its settings, its view of the environment, its wheel installer."""

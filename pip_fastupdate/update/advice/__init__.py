"""What advisories say about this environment, and what follows from it for plans."""

"""What a project says about its requirements: requirements files and pyproject.toml, read, relaxed and rewritten."""

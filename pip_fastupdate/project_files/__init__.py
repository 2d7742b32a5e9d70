"""The requirements of a project: requirements files and pyproject.toml, read, relaxed and rewritten."""

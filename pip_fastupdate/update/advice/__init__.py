"""What advisories say about this environment, and what plans must respect because of it."""

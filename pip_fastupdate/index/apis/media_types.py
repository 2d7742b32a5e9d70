"""What the simple API is served as (PEP 691)."""

from __future__ import annotations

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""What pip says too: servers and caches that know pip know this."""

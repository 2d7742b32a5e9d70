"""What an index speaks: the simple API (PEP 503, 691), and the JSON API beside it."""

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""What pip says too: servers and caches that know pip know this."""

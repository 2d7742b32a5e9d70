"""The APIs of an index: the simple API (PEP 503, 691), and the JSON API next to it."""

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""The same as pip's: servers and caches that know pip know this."""

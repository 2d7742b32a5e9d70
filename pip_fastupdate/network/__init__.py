"""HTTP: one session with its cache, retries, credentials, TLS and connection pools."""

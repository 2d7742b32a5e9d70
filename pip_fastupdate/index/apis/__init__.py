"""What an index answers, read: the Simple API as HTML and JSON (PEP 503, 691), and the JSON API."""

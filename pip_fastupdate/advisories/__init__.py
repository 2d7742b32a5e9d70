"""Known vulnerabilities and malware: OSV records from a service or directory."""

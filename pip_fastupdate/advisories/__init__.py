"""Known vulnerabilities and malware: records in the OSV format, from a service or a folder, and what they say."""

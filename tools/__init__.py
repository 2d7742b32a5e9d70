"""What makes parts of the documentation: each module is a command."""

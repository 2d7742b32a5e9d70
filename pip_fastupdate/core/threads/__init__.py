"""Work in the background, and how those who do it share the interpreter."""

"""Our own settings: a project's pyproject.toml, ``[update]`` in pip's configuration files, ``PIP_UPDATE_*`` variables.

Later ones override earlier ones, the command line all of them; lists are combined. An unknown key is an error, and so
is a value that the option of that name would refuse.
"""

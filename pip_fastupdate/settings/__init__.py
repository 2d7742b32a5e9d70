"""Our own settings: a project's pyproject.toml, ``[update]`` in pip's configuration files, ``PIP_UPDATE_*`` variables.

Later ones prevail, the command line over all of them. Lists add up. A key that nobody knows is an error, and so is a
value that the option of the same name would refuse.
"""

"""Runs the program in the interpreter that runs this file, with itself and all dependencies taken from elsewhere.

``launch`` starts it as ``PYTHON bootstrap.py ARGUMENT...``, with a specification in VARIABLE; see there. Every Python
down to 2.7 must be able to parse it, because it reports an interpreter that is too old: no annotations, no f-strings.
"""

# ruff: noqa: UP004, UP030, UP032, UP036

import sys

OLDEST = (3, 10)

VARIABLE = "_PIP_UPDATE_ELSEWHERE"
"""The environment variable with the specification, for this process only."""


class Borrowed(object):
    """A meta path finder that finds some top-level modules in the directories of another environment.

    ``sys.path`` is unchanged, so that distributions are only found here. It comes first: then it does not matter which
    versions of these modules are installed here.
    """

    def __init__(self, folders, hidden, optional=frozenset()):
        # type: (dict[str, list[str]], frozenset[str], frozenset[str]) -> None
        """``folders`` are the directories of modules, by their names; ``hidden`` modules cannot be imported at all.

        ``optional`` are normalized names of distributions in these directories that are found by name, too.
        """
        from importlib.machinery import PathFinder  # before this is one of the finders

        self._folders = folders
        self._hidden = hidden
        self._optional = optional
        self._find = PathFinder.find_spec

    def find_spec(self, name, path=None, target=None):
        # type: (str, object, object) -> object
        """Find a borrowed top-level module. The modules in a package are found by its ``__path__``, as always."""
        if name in self._hidden:
            raise ModuleNotFoundError("No module named {0!r}".format(name), name=name)
        folders = self._folders.get(name)
        spec = None if folders is None else self._find(name, folders)
        if spec is not None and spec.submodule_search_locations is not None:
            # that of a namespace package would be computed from sys.path later, where the target's own is
            spec.submodule_search_locations = list(spec.submodule_search_locations)
        return spec

    def find_distributions(self, context):
        # type: (object) -> object
        """Find a distribution if just that one is wanted: some modules read their own version when they are imported.

        No list has it, and no search of a given path.
        """
        name = getattr(context, "name", None)
        if name is None or "path" in vars(context) or normalized(name) not in self._optional:
            return []
        from importlib.metadata import DistributionFinder, MetadataPathFinder

        path = list(dict.fromkeys(each for folders in self._folders.values() for each in folders))
        return MetadataPathFinder.find_distributions(DistributionFinder.Context(name=name, path=path))


def normalized(name):
    # type: (str) -> str
    """Return a distribution's name as PEP 503 compares it."""
    import re

    return re.sub("[-_.]+", "-", name).lower()


def complaint(specification, version, abi):
    # type: (dict[str, str], tuple[int, ...], str) -> tuple[str, str] | None
    """Return why an interpreter of this version and ABI is unsuitable, and a hint; None if it is suitable.

    ``specification`` has the required ``abi``, that of Python ``version``; the target's path is ``given``.
    """
    given, found = specification["given"], ".".join(map(str, version[:3]))
    if tuple(version[:2]) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        return "{0} is Python {1}; pip-update requires {2} or newer".format(given, found, needed), ""
    if abi == specification["abi"]:
        return None
    message = "{0} is Python {1} ({2}), but this pip-update is compiled for Python {3} ({4}) only".format(
        given, found, abi, specification["version"], specification["abi"]
    )
    hint = "run `uvx --python {0} --from pip-fastupdate pip-update --python {1}`, or install pip-fastupdate there"
    return message, hint.format(".".join(map(str, version[:2])), given)


def abi(platform=sys.platform):
    # type: (str) -> str
    """Return what compiled modules must be built for: implementation, version, ABI flags and platform in one."""
    if sys.version_info < (3, 3):
        return ""
    from importlib.machinery import EXTENSION_SUFFIXES

    tag = EXTENSION_SUFFIXES[0].strip(".").rpartition(".")[0] if EXTENSION_SUFFIXES else ""
    if platform == "darwin":  # whose tags do not distinguish processors
        import os

        tag += "-" + os.uname()[4]
    return tag


def install(lent, optional):
    # type: (dict[str, list[str]], list[str]) -> None
    """Import the borrowed modules from where they are, even if others of that name have been imported before.

    ``lent`` has the names in each directory, and under "" those of modules to hide; ``optional`` the names of
    distributions that may be found by these.
    """
    folders = {}  # type: dict[str, list[str]]
    for folder, names in lent.items():
        for name in names if folder else ():
            folders.setdefault(name, []).append(folder)
    for name in list(sys.modules):
        if name.partition(".")[0] in folders:  # site, a .pth file or sitecustomize imported the version installed here
            del sys.modules[name]
    finder = Borrowed(folders, frozenset(lent.get("", ())), frozenset(optional))
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]


def main(arguments):
    # type: (list[str]) -> int
    """Check this interpreter, then run the program in it, which does not return; return 2 if it is refused.

    The ``arguments`` are those of the program.
    """
    import json
    import os
    from runpy import run_module

    specification = json.loads(os.environ.pop(VARIABLE))
    refused = complaint(specification, sys.version_info[:3], abi())
    if refused:
        message, hint = refused
        sys.stderr.write("error: {0}\n".format(message) + ("hint: {0}\n".format(hint) if hint else ""))
        return 2
    sys.argv[:] = ["pip-update"]
    sys.argv.extend(arguments)
    install(specification["folders"], specification["optional"])
    os.environ[VARIABLE] = str(os.getpid())  # says, in this process only, that the interpreter is the requested one
    run_module("pip_fastupdate", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    if sys.path and sys.path[0] and __file__.startswith(sys.path[0]):
        del sys.path[0]  # this directory: its modules are not top-level ones
    sys.exit(main(sys.argv[1:]))

"""``python -m pip_fastupdate`` and the console script ``pip-update``."""

# These are built in. Nothing else, not even __future__, may be imported before the current directory is off the path.
import gc
import sys


def leave_current_directory(path: list[str]) -> None:
    """Remove the current directory, which ``-m`` puts first, from ``path``, as ``python -m pip`` does.

    A file there, such as a ``json.py`` of the user's project, must not replace a module that the program imports.
    """
    from os import getcwd  # imported already, by ``site`` or by ``-m`` itself

    try:
        here = getcwd()  # noqa: PTH109 - pathlib is not imported yet
    except OSError:  # the current directory was deleted
        here = ""
    if path and path[0] in ("", here):
        del path[0]


if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    leave_current_directory(sys.path)


def replace_closed_streams() -> None:
    """Let what is written to closed standard streams (``>&-``, ``pythonw``) go nowhere.

    Python sets them to None, so the first word to them would end a run with an error, even after a complete update. The
    numbers of closed descriptors are taken, too: otherwise the next opened file would get them.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    import os

    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - open until the end
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def main() -> int:
    """Run the command line of this process and return its exit code.

    The garbage collector is off: a run needs its objects until its end, so collecting saves no memory, and the
    interpreter does not search them at exit either. Confirming 1000 stale responses takes 1.12 s of processor time,
    1.37 s without both, 1.28 s without the latter (medians of 7).
    """
    gc.disable()
    replace_closed_streams()
    try:
        try:
            from .cli import main as run
        except Exception as error:  # a newer version may be half installed, or part of this one missing
            return recover(error)
        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before our first line, or again while the last one is printed
        return 130
    finally:
        gc.freeze()


def recover(error: Exception) -> int:
    """Run the recovery script that an update left, if this program cannot be imported.

    Only a file written by root or this user is run; it prints its own messages.
    """
    import os

    script = f"{sys.prefix}{os.sep}.pip-fastupdate{os.sep}recover.py"
    sys.stderr.write(f"error: could not import pip-update: {error}\n")
    try:
        found = os.lstat(script)
    except OSError:
        found = None
    if found is None or (hasattr(os, "geteuid") and found.st_uid not in (0, os.geteuid())) or os.path.islink(script):  # noqa: PTH114
        sys.stderr.write(f"hint: run `{sys.executable} -m pip install --force-reinstall pip-fastupdate` to fix it\n")
        return 1
    from runpy import run_path

    words = [word for word in sys.argv[1:] if word in ("--undo", "--history") or word.isdecimal()]
    sys.argv[1:] = words if words[:1] in (["--undo"], ["--history"]) else []
    sys.stderr.write(f"hint: running {script} instead\n")
    try:
        run_path(script, run_name="__main__")
    except SystemExit as done:
        if done.code not in (0, None):
            return 1
    return 0 if words else 1


if __name__ == "__main__":
    sys.exit(main())

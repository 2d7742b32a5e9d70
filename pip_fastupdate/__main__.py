"""``python -m pip_fastupdate`` and the console script ``pip-update``."""

# These are built in. Nothing else may be imported before the current directory is off the path, not even __future__.
import gc
import sys


def leave_current_directory(path: list[str]) -> None:
    """Take what ``-m`` puts first on ``path`` off it, as ``python -m pip`` does: the current directory.

    What lies there, such as a ``json.py`` of the user's project, is not what the program means by that name.
    """
    from os import getcwd  # imported long since, by ``site`` or by ``-m`` itself

    try:
        here = getcwd()  # noqa: PTH109 - pathlib is not imported yet
    except OSError:  # it was deleted
        here = ""
    if path and path[0] in ("", here):
        del path[0]


if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    leave_current_directory(sys.path)


def main() -> int:
    """Run the command line of this process; returns its exit code.

    Without the garbage collector: what a run makes it needs until its end, and searching that for garbage saves no
    memory. Nor does the interpreter search it all before it ends. To confirm 1000 stale answers takes 1.12 s of
    processor time, 1.37 s without both, 1.28 s without the latter (medians of 7).
    """
    gc.disable()
    try:
        try:
            from .cli import main as run
        except Exception as error:  # half of a newer version may be here, or a part of this one missing
            return recover(error)
        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before the first line of ours, or again while the last one was being said
        return 130
    finally:
        gc.freeze()


def recover(error: Exception) -> int:
    """Have the script that an update left do what is to be done, where this program itself cannot be imported.

    Only a file that root or this user has written is run; what it does, it says.
    """
    import os

    script = f"{sys.prefix}{os.sep}.pip-fastupdate{os.sep}recover.py"
    sys.stderr.write(f"error: pip-update cannot be imported: {error}\n")
    try:
        found = os.lstat(script)
    except OSError:
        found = None
    if found is None or (hasattr(os, "geteuid") and found.st_uid not in (0, os.geteuid())) or os.path.islink(script):  # noqa: PTH114
        sys.stderr.write(f"hint: {sys.executable} -m pip install --force-reinstall pip-fastupdate mends that\n")
        return 1
    from runpy import run_path

    words = [word for word in sys.argv[1:] if word in ("--undo", "--history") or word.isdecimal()]
    sys.argv[1:] = words if words[:1] in (["--undo"], ["--history"]) else []
    sys.stderr.write(f"hint: {script} is run instead\n")
    try:
        run_path(script, run_name="__main__")
    except SystemExit as done:
        if done.code not in (0, None):
            return 1
    return 0 if words else 1


if __name__ == "__main__":
    sys.exit(main())

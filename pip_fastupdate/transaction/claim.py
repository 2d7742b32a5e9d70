"""A lock for file systems without locks: a file that names the process and machine at work.

Only that machine can tell whether the process is alive. A dead process's lock is taken over; for a process on another
machine, the user decides.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from ..core.files import create, write_all
from .filesystem import remove_empty, unlink
from .trust import make_home


class Claim:
    """``home/claim``, created by the first process."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.path = os.path.join(folder, "claim")
        self._mine = f"{os.getpid()} {_birth(os.getpid())} {_machine()}"
        self._held = False

    def acquire(self) -> bool:
        """Try to take the lock."""
        if self._held:
            return True
        make_home(self._folder, os.path.dirname(self._folder))
        if self._is_stale():
            self._clear()
        try:
            descriptor = create(self.path, 0o644)
        except (FileExistsError, FileNotFoundError):  # the former holder has just removed the directory
            return False
        try:
            write_all(descriptor, self._mine.encode())
        finally:
            os.close(descriptor)
        self._held = self._read() == self._mine
        return self._held

    def _clear(self) -> None:
        """Remove a stale file so that only one of several processes can: it may be another's new one by then."""
        aside = f"{self.path}.{os.getpid()}"
        with suppress(FileNotFoundError):
            os.rename(self.path, aside)
            if not self._is_stale(aside):
                with suppress(OSError):
                    os.link(aside, self.path)
            unlink(aside)

    def _is_stale(self, path: str | None = None) -> bool:
        pid, _, rest = self._read(path).partition(" ")
        birth, _, machine = rest.partition(" ")
        if not pid.isdecimal() or machine != _machine():
            return False
        return not _is_alive(int(pid)) or (bool(birth) and birth != _birth(int(pid)))

    def _read(self, path: str | None = None) -> str:
        try:
            with open(path or self.path, encoding="utf-8", errors="replace") as file:
                return file.read(300)
        except OSError:
            return ""

    def release(self) -> None:
        """Remove the file, if it is ours."""
        if self._held and self._read() == self._mine:
            unlink(self.path)
        self._held = False
        remove_empty(self._folder)

    def holder(self) -> str | None:
        """Return process and machine."""
        pid, _, rest = self._read().partition(" ")
        machine = rest.partition(" ")[2]
        return f"process {pid} on {machine}" if pid.isdecimal() else None


def _machine() -> str:
    import platform

    return platform.node() or "this machine"


def _birth(pid: int) -> str:
    """Return when a process started, in the system's own unit; "-" if unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return "-"


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # signal 0 would end it
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno != errno.ESRCH
    return True

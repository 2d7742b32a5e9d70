"""``python -m tools.picture`` draws docs/run.svg: what a terminal shows of a real update, of packages made for it.

The index is one on 127.0.0.1; nothing comes from elsewhere, and the picture names no font that would have to be loaded.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.support.environments import Env, Templates, install, variables
from tests.support.local_index import LocalIndex

PICTURE = Path(__file__).parents[1] / "docs" / "run.svg"
WIDTH = 96
_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
_RELEASES = (
    ("sketchbook", "1.4.0", "1.4.2", ()),
    ("paintbox", "2.0", "3.1", ("colorwheel<5",)),
    ("colorwheel", "4.2", "5.0", ()),
    ("canvas", "0.9.1", "0.10.0", ("easel>=2",)),
    ("varnish", "7.0", "7.0", ()),
)


def text(width: int = WIDTH) -> str:
    """The output of two commands, with its colors, as a terminal of that width gets it."""
    with LocalIndex() as index, tempfile.TemporaryDirectory(prefix="picture-") as folder:
        env = Templates(Path(folder) / "template").make(Path(folder) / "venv")
        old = [
            index.release(name, before, requires=() if name == "canvas" else list(needs))
            for name, before, _, needs in _RELEASES
        ]
        install(env, old)
        for name, before, after, needs in _RELEASES:
            if after != before:
                index.release(name, after, requires=list(needs))
        index.release("easel", "2.3")
        shown = [_typed(words, _run(env, index, words, width)) for words in (["--why", "colorwheel"], [])]
    return "\n".join(shown).replace(str(env.path), "/home/me/app/.venv").replace("1 distributions", "1 distribution")


def _typed(words: list[str], output: str) -> str:
    return f"\x1b[1m$ {' '.join(['pip-update', *words])}\x1b[0m\n{output}"


def _run(env: Env, index: LocalIndex, words: list[str], width: int) -> str:
    """Run it in a terminal, without the live display."""
    import pty  # not on Windows

    ours, theirs = pty.openpty()
    said = {"TERM": "xterm-256color", "COLUMNS": str(width)}
    command = [str(env.python), "-m", "pip_fastupdate", "--no-progress", *words]
    with subprocess.Popen(  # noqa: S603
        command, env=variables(env, index=index) | said, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        found = _read(ours)
    os.close(ours)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}:\n{found}")
    return found.replace("\r\n", "\n")


def _read(terminal: int) -> str:
    found = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side has closed it
            part = b""
        if not part:
            return found.decode()
        found += part


def picture(shown: str, width: int = WIDTH) -> str:
    """The terminal as SVG; the same for the same text."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shown))
    return (
        console.export_svg(title="pip-update", code_format=_FONTS.sub("", CONSOLE_SVG_FORMAT), unique_id="run") + "\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(text()), encoding="utf-8", newline="\n")

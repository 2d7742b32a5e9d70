"""Hooks of mkdocs: files of the repository that pages link to are part of the site, too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
_OUTSIDE = re.compile(r"\]\((?:\.\./)+([\w./-]+)((?:#[\w-]+)?)\)")


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add what any page links to above docs/, and the changelog, flat beside the pages."""
    pages = list(files.documentation_pages())
    wanted = {found[1] for page in pages for found in _OUTSIDE.finditer(page.content_string)}
    for path in sorted({"CHANGELOG.md", *wanted}):
        files.append(File.generated(config, Path(path).name, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links that lead there, wherever the page came from."""
    if page.file.src_uri in {"CHANGELOG.md", "SECURITY.md"}:
        markdown = markdown.replace("](docs/", "](")
    return _OUTSIDE.sub(lambda found: f"]({Path(found[1]).name}{found[2]})", markdown)

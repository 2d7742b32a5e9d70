"""A run, and its report: shown, saved to files, and as an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..core.errors import DONE, INCOMPLETE, UPDATES_FOUND, UsageError, late
from ..core.models import Report
from ..core.options import Options
from .endings import has_lost_reader, leave_stdout

if TYPE_CHECKING:
    from .._pip.configuration import Configuration
    from ..progress import Silent


def update(options: Options, configuration: Configuration, progress: Silent) -> int:
    """Run, and report; returns the exit code. Raises PipUpdateError."""
    with progress.timed("load"):
        from ..report import show_stats
        from ..update.run import run

    if options.outputs:
        from ..report import output_file

        others = [each for each in (options.to, options.lock_file, *options.write) if each is not None]
        output_file.check([path for path, _ in options.outputs], others)
    report = run(options, configuration, progress, lambda: _load(options))
    if options.why is not None:
        return _why(report, options.why)
    with late(lambda: report.transaction is not None):
        saved = _save(report, options, progress)
        try:
            _show(report, options)
        except OSError as error:  # the update is complete even if nobody reads the report
            leave_stdout()
            if not has_lost_reader(error):
                progress.warn(f"could not write the report: {error.strerror}")
        except KeyboardInterrupt:  # the reader may never come: do not wait for it again at exit
            leave_stdout()
            raise
        if options.stats:
            show_stats(report, sys.stderr)
    code = exit_code(report, check=options.check, security=options.advisories.security is not None)
    return code if saved or code != DONE else INCOMPLETE


def _load(options: Options) -> None:
    from ..report import preload

    for format in (options.format, *(each for _, each in options.outputs)):
        preload(sys.stdout, format=format)


def _show(report: Report, options: Options) -> None:
    from ..report import show

    show(report, sys.stdout, format=options.format, verbosity=options.verbosity, color=options.color)


def _save(report: Report, options: Options, progress: Silent) -> bool:
    """Write the report to the requested files; return False, after a warning, if that failed."""
    if not options.outputs:
        return True
    from ..report import output_file

    failed = 0
    for path, format in options.outputs:
        try:
            output_file.save(report, path, format=format, verbosity=options.verbosity)
        except OSError as error:
            progress.warn(f"could not write {path}: {error.strerror}")
            failed += 1
    return not failed


def _why(report: Report, name: str) -> int:
    """Print what holds ``name``. Raises UsageError if it is neither installed nor planned."""
    from ..core.text import meant
    from ..report import view_of, why, write

    known = [row.name for row in report.rows]
    if name not in known:
        raise UsageError(
            f"{name} is not installed in {report.target.prefix}",
            hint=meant([name], known) or "run `pip-update -n -v` to list the installed packages",
        )
    write(why.render(report, name, view_of(sys.stdout)), sys.stdout)
    return DONE


def exit_code(report: Report, *, check: bool, security: bool = False) -> int:
    """Return the documented exit code of a completed run."""
    if check and any(row.status == "planned" for row in report.rows):
        return UPDATES_FOUND
    failing = any(reason.kind == "fails-test" for row in report.rows for reason in row.reasons)
    return (
        INCOMPLETE if report.failures or report.unreached or failing or _is_unsafe(report, security=security) else DONE
    )


def _is_unsafe(report: Report, *, security: bool) -> bool:
    """Return whether malware remains or, with ``--security``, any known vulnerability."""
    found = (each for row in report.rows for each in row.vulnerabilities if each.remains and not each.ignored)
    return any(security or each.malware for each in found)

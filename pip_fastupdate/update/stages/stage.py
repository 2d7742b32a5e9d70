"""The sixth stage: inspect, unpack and compile one downloaded file, in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..._pip import build, installer
from ...core.errors import PipUpdateError
from ...core.interpreter import this as this_interpreter
from ...core.models import Change, Distribution, Failure, Reason
from ...core.protocols import DownloadFailed
from ...core.reasons import requires_python
from ...core.threads.gil_turns import Turns
from ...environment import installed_files
from ...environment.metadata_file import license_expression
from ...wheels import Inspection, InstalledFiles, OpenWheel, inspect
from ...wheels.unpacked import Unpacked
from ..results import StagedRelease
from ..staging_area import StagingArea

if TYPE_CHECKING:
    from ...core.reasons import ReasonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file to stage."""

    change: Change
    path: Path
    """A wheel or an sdist."""

    folder: Path
    """The directory to stage it in."""


def stage(area: StagingArea, downloaded: Downloaded, turns: Turns) -> StagedRelease | Failure:
    """Stage a wheel, or the wheel built from an sdist. Raises TransactionError if the disk refuses."""
    change, path = downloaded.change, downloaded.path
    try:
        if path.suffix == ".whl":
            with area.store.opened(path, change.target) as wheel, turns.work():
                return _unpack(area, downloaded, path, wheel, turns)
        built = _build(area, downloaded)
        with turns.work():
            return _unpack(area, downloaded, built, None, turns)
    except (installer.StageFailed, DownloadFailed) as failed:
        return _failure(change, failed.kind, failed.text)
    except PipUpdateError:  # about the disk or the run as a whole
        raise
    except Exception as error:  # whatever a wheel can contain: that fails its own project only
        text = f"could not inspect {path.name}: {type(error).__name__}: {str(error)[:200]}"
        return _failure(change, "inspection", text)


def _unpack(
    area: StagingArea, downloaded: Downloaded, path: Path, wheel: OpenWheel | None, turns: Turns
) -> StagedRelease | Failure:
    """Unpack a wheel; ``wheel`` is the file at ``path`` as verified, None if it was built here. Raises StageFailed."""
    change = downloaded.change
    inspection = inspect(
        path,
        change.target,
        before=_before(area.installed.get(change.name)),
        owners=area.script_owners,
        stream=wheel.stream if wheel else None,
        turns=turns,
    )
    if inspection.refusals:
        text = "; ".join(reason.text for reason in inspection.refusals)
        return _failure(change, inspection.refusals[0].kind, text)
    if not this_interpreter().runs(inspection.requires_python):
        return _failure(change, "requires-python", requires_python(inspection.requires_python))
    staged = installer.stage(
        wheel.path if wheel else path,
        label=str(path),
        name=change.name,
        root=downloaded.folder,
        requested=change.requested,
        user=_is_for_user(area, change.name),
        unpack=inspection.unpack,
        kept=_kept(area, path, change, inspection),
        turns=turns,
    )
    warnings, requires = inspection.warnings, inspection.requires
    del inspection  # and the archive in memory: to compile takes enough of it
    if _wants_bytecode(area, change.name):
        cached = path if wheel is not None and _is_cached(area, path, change) else None
        installer.compile_bytecode(staged, cached, area.compilers)
    further = tuple(_license(area.installed.get(change.name), staged.info))
    return StagedRelease(wheel=staged, warnings=(*warnings, *further), requires=requires)


def _kept(area: StagingArea, path: Path, change: Change, inspection: Inspection) -> Unpacked | None:
    """Return the wheel's unpacked files in the cache; None if they are not to be used."""
    if area.linking is None or inspection.unpack is None or not _is_cached(area, path, change):
        return None
    unpacked = Unpacked(path, inspection.rows, area.linking)
    area.unpacked.append(unpacked)
    return unpacked


def _is_cached(area: StagingArea, path: Path, change: Change) -> bool:
    """Return whether it is in the cache under its verified hash."""
    directory, file = area.context.options.cache.directory, change.target.file
    kept = directory is not None and path.is_relative_to(directory)
    return kept and file is not None and file.sha256 is not None and path.parent.name == file.sha256.lower()


def _license(before: Distribution | None, info: Path) -> Iterator[Reason]:
    """Return a note if the license expression (PEP 639) changes and both versions have one."""
    one, other = (license_expression(each) for each in (before.info if before else None, info))
    if one and other and one != other:
        text = f"the license changes from {one} to {other}"
        yield Reason(kind="license-changed", text=text, data={"before": one, "after": other})


def _before(distribution: Distribution | None) -> InstalledFiles | None:
    if distribution is None:
        return None
    return InstalledFiles(
        files=installed_files.recorded_files(distribution), scripts=installed_files.console_scripts(distribution)
    )


def _is_for_user(area: StagingArea, name: str) -> bool:
    """Return whether it goes to the user site: an addition does if everything that may change is there."""
    if name in area.installed:
        return area.installed[name].user_site
    return bool(area.installed) and all(each.user_site for each in area.installed.values() if each.skip is None)


def _wants_bytecode(area: StagingArea, name: str) -> bool:
    """Return whether to compile: as before, or as most of the replaced ones for an addition."""
    wish = area.context.options.bytecode
    if wish != "keep":
        return wish == "compile"
    if not area.context.settings.compile:
        return False
    distribution = area.installed.get(name)
    return (
        installed_files.has_bytecode(distribution) if distribution else installed_files.mostly_bytecode(area.installed)
    )


def _build(area: StagingArea, downloaded: Downloaded) -> Path:
    """Build a wheel from an sdist. Raises StageFailed."""
    folder = area.wheels / f"built-{downloaded.change.name}"
    folder.mkdir(parents=True, exist_ok=True)
    return build.build_wheel(downloaded.path, folder, area.context.configuration.arguments)


def _failure(change: Change, kind: ReasonKind, text: str) -> Failure:
    return Failure(name=change.name, version=str(change.target.version), kind=kind, text=text)

"""The data that the parts of the program exchange: frozen, and without any of the parts' own types."""

from __future__ import annotations

from .planning import (
    Action,
    Change,
    Distribution,
    Failure,
    File,
    Hold,
    Inventory,
    Plan,
    Project,
    ProjectStatus,
    Reason,
    Release,
    Target,
)
from .reporting import (
    Counts,
    Difference,
    DiskUse,
    HostStats,
    KnownVulnerability,
    Report,
    Row,
    Running,
    Stats,
    Status,
    WrittenFile,
)

__all__ = [
    "Action",
    "Change",
    "Counts",
    "Difference",
    "DiskUse",
    "Distribution",
    "Failure",
    "File",
    "Hold",
    "HostStats",
    "Inventory",
    "KnownVulnerability",
    "Plan",
    "Project",
    "ProjectStatus",
    "Reason",
    "Release",
    "Report",
    "Row",
    "Running",
    "Stats",
    "Status",
    "Target",
    "WrittenFile",
]

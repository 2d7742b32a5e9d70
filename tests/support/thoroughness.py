"""How much is tried: a sample in every run, all of it at night (``python -m tests nightly``)."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

VARIABLE = "PIP_FASTUPDATE_TESTS"
NIGHTLY = os.environ.get(VARIABLE) == "nightly"

settings.register_profile(
    "sample",
    deadline=None,
    derandomize=True,  # whoever changes a line is told about that line; what nobody has come upon yet is for the night
    suppress_health_check=[HealthCheck.too_slow],  # machines are busy at times
)
settings.register_profile(
    "nightly", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], max_examples=1000
)


def load() -> None:
    """Have hypothesis try as much as this run is to."""
    settings.load_profile("nightly" if NIGHTLY else "sample")


def examples(sample: int, nightly: int) -> settings:
    """How many examples of a property are tried."""
    return settings(max_examples=nightly if NIGHTLY else sample)


def at_night(nightly: int, sample: int) -> int:
    """The first of two numbers at night, else the second."""
    return nightly if NIGHTLY else sample


def nightly(*values: object) -> object:
    """A case of a table that is tried at night only."""
    return pytest.param(*values, marks=pytest.mark.nightly)

"""Names that are spelled much like what was meant."""

from pip_fastupdate.core.text import closest, meant

KNOWN = ("django", "djangorestframework", "requests", "requests-cache", "rich")


def test_closest_name_comes_first() -> None:
    """Swapped, missing and additional letters; what resembles nothing has no suggestion."""
    assert ("django",) == closest("djnago", KNOWN)
    assert "requests" == closest("request", KNOWN)[0]
    assert () == closest("numpy", KNOWN)


def test_hint_names_each_once() -> None:
    """Two unknown names that resemble the same one, and one that resembles nothing."""
    assert "try the closest name: django" == meant(["djnago", "dajngo", "numpy"], KNOWN)
    assert "try the closest names: rich, django" == meant(["rihc", "djangoo"], KNOWN)
    assert "" == meant(["numpy"], KNOWN)

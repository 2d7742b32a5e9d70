"""Hashes as indexes give them."""

import hashlib

import pytest

from pip_fastupdate.core.hashes import SIZES, Hasher, arrange, problem
from pip_fastupdate.core.models import File


def test_strongest_first_whatever_the_order_and_the_case() -> None:
    """The strongest hash stands first, all in lower case, each once."""
    pairs = [("MD5", "AA"), ("sha512", "BB"), ("md5", "aa"), ("sha256", None), ("sha224", "cc")]
    assert (("sha512", "bb"), ("sha224", "cc"), ("md5", "aa")) == arrange(pairs)


def test_a_file_has_all_its_hashes_in_one_place() -> None:
    """The sha256 takes its place among the others; one that is said twice alike counts once."""
    file = File(filename="a.whl", url="https://x.test/a.whl", sha256="AB", hashes=(("sha512", "cd"), ("sha256", "ab")))
    assert (("sha512", "cd"), ("sha256", "ab")) == file.all_hashes


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], None),
        ([("sha256", "a" * 64)], None),
        ([("future", "1"), ("md5", "a" * 32)], None),
        ([("sha256", "a" * 64), ("sha256", "b" * 64)], "two different sha256 hashes"),
        ([("sha512", "a" * 127)], "an invalid sha512"),
        ([("md5", "g" * 32)], "an invalid md5"),
        ([("future", "1")], "only a hash of an unknown kind ('future')"),
    ],
)
def test_what_cannot_be_checked_is_a_problem(pairs: list[tuple[str, str]], expected: str | None) -> None:
    """Hashes that contradict each other, are none, or of kinds that nobody knows cannot be passed over."""
    assert expected == problem(arrange(pairs))


@pytest.mark.parametrize("name", SIZES)
def test_each_kind_is_computed(name: str) -> None:
    """Every algorithm that is ranked can be computed, and a difference is told with both digests."""
    machine = hashlib.blake2b(digest_size=32) if name == "blake2b_256" else hashlib.new(name)
    machine.update(b"content")
    hasher, wrong = Hasher([name]), "0" * 2 * SIZES[name]
    hasher.update(b"con")
    hasher.update(b"tent")
    found = machine.hexdigest()
    assert (None, (name, wrong, found)) == (hasher.differing(((name, found),)), hasher.differing(((name, wrong),)))

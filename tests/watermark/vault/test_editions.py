import pytest

from watermark.errors import CorpusError, VaultError
from watermark.keys import Key
from watermark.vault.editions import (
    edition_documents,
    edition_key,
    licensees_of,
    read_licensee_list,
    seal_of,
)
from watermark.vault.vault import open_vault


@pytest.fixture
def with_editions(vault):
    opened = open_vault(vault)
    path = vault / "licensees.csv"
    path.write_text("licensee\nAcme\nBravo\n")
    opened.plan.made_with["licensees.csv"] = seal_of(path, opened.key)
    return opened


def test_names_are_read_from_their_column_without_spaces_around(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes('\ufefflicensee,mail\r\n Acme ,a@b\r\n"Bravo, Inc.",c@d\r\n'.encode())
    assert read_licensee_list(path) == ("Acme", "Bravo, Inc.")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("name\nAcme\n", "a column licensee"),
        ("licensee\n", "a row for each"),
        ("licensee\nAcme\nacme\n", "row 2: 'acme' is there twice"),
        ("licensee,x\nAcme,1\n,2\n", "row 2: wanted a name"),
        ("licensee\n" + "a" * 201, "row 1: wanted a name"),
        ("licensee\na\tb\n", "row 1: wanted a name"),
    ],
)
def test_a_list_that_is_not_one_is_refused(tmp_path, content, match):
    path = tmp_path / "list.csv"
    path.write_text(content)
    with pytest.raises(CorpusError, match=match):
        read_licensee_list(path)


def test_a_list_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="cannot be read"):
        read_licensee_list(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"licensee\nCaf\xe9\n")
    with pytest.raises(CorpusError, match="list of licensees"):
        read_licensee_list(tmp_path / "latin.csv")


def test_a_seal_binds_every_byte_and_needs_the_key(tmp_path):
    one, other = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("licensee\nAcme\n")
    other.write_text("licensee\nAcme\n\n")
    key = Key(bytes(32))
    assert len({seal_of(one, key), seal_of(other, key), seal_of(one, Key(bytes([1] * 32)))}) == 3


def test_only_the_list_that_was_sealed_is_taken(with_editions):
    assert licensees_of(with_editions) == ("Acme", "Bravo")
    path = with_editions.folder / "licensees.csv"
    path.write_text("licensee\nBravo\nAcme\n")
    with pytest.raises(VaultError, match="changed since"):
        licensees_of(with_editions)


def test_an_edition_has_the_words_that_its_own_key_draws(with_editions):
    key = edition_key(with_editions, "Acme")
    assert key == with_editions.key.derive("edition", "Acme")
    found = list(edition_documents(with_editions, "Acme"))
    for (row, marked), document in zip(with_editions.marked(), found, strict=True):
        if row.status == "held out":
            assert document is None
            continue
        expected = row.original
        for mark in marked.marks:
            word = mark.candidates[key.draw(mark.draw, len(mark.candidates))]
            expected = expected.replace(mark.original, word)
        assert document is not None
        assert (document.id, document.text) == (row.id, expected)
    assert found != list(edition_documents(with_editions, "Bravo"))


def test_an_unknown_licensee_is_answered_with_close_names(with_editions):
    with pytest.raises(VaultError, match=r"no licensee 'acm'.*did you mean 'Acme'\?"):
        edition_key(with_editions, "acm")
    with pytest.raises(VaultError, match="none is close"):
        edition_key(with_editions, "zzzzzz")

import json
import shutil
from dataclasses import replace

import pytest

from watermark.document import text_sha256
from watermark.errors import VaultError
from watermark.keys import new_key
from watermark.vault.custody import log_event
from watermark.vault.plan import read_plan
from watermark.vault.streams import (
    FIRST,
    check_derived,
    has_instalments,
    instalment_folder,
    new_instalment_folder,
    next_link,
    original_hashes,
    owner_keys,
    read_chain,
)
from watermark.vault.vault import open_vault


def add(vault, name):
    """Add an instalment with the files that the chain looks at."""
    chain = read_chain(vault)
    link = next_link(chain, name, open_vault(vault).key)
    folder = instalment_folder(vault, name)
    folder.mkdir(parents=True)
    (folder / "chain.json").write_text(link.to_json())
    plan = json.loads((vault / "plan.json").read_text())
    plan["made_with"]["chain.json"] = text_sha256(link.to_json())
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "commitment.txt").write_text(f"commitment of {name}\n")
    return folder


def test_a_vault_alone_is_its_first_instalment(vault):
    assert not has_instalments(vault)
    (first,) = read_chain(vault)
    assert (first.name, first.folder, first.plan) == (FIRST, vault, read_plan(vault))


def test_instalments_come_in_the_order_in_which_they_were_added(vault):
    for name in ("zulu", "alpha", "mike"):
        add(vault, name)
    (vault / "instalments/left.partial").mkdir()
    assert has_instalments(vault)
    assert [each.name for each in read_chain(vault)] == [FIRST, "zulu", "alpha", "mike"]
    link = json.loads((vault / "instalments/mike/chain.json").read_text())
    assert link["number"] == 3


def test_nothing_is_slipped_in_changed_or_taken_out(vault):
    for name in ("a", "b", "c"):
        add(vault, name)
    folder = vault / "instalments"
    shutil.move(folder / "b", vault / "b")
    with pytest.raises(VaultError, match="number 2 is missing"):
        read_chain(vault)
    forged = vault / "forged"
    shutil.copytree(vault / "b", forged)
    (forged / "commitment.txt").write_text("other documents\n")
    shutil.copytree(forged, folder / "b")
    with pytest.raises(VaultError, match="c: the chain breaks here: it follows another"):
        read_chain(vault)


@pytest.mark.parametrize("content", ["", "[]", '{"name": "a"}', "{"])
def test_a_link_that_is_not_one_breaks_the_chain(vault, content):
    (add(vault, "a") / "chain.json").write_text(content)
    with pytest.raises(VaultError, match="the chain breaks here"):
        read_chain(vault)


def test_names_are_safe_and_taken_once(vault):
    add(vault, "a")
    chain = read_chain(vault)
    assert new_instalment_folder(vault, chain, "2026-11-26.2") == (
        vault / "instalments/2026-11-26.2"
    )
    for name in ("A", "a"):
        with pytest.raises(VaultError, match="is there already"):
            new_instalment_folder(vault, chain, name)
    for name in ("", "..", "a/b", "-x", "x.partial", FIRST, "a b"):
        with pytest.raises(VaultError, match="wanted a name"):
            instalment_folder(vault, name)


def test_a_key_that_was_marked_is_known_for_all_its_instalments(vault):
    add(vault, "a")
    owner = read_plan(vault).key_commitment
    log_event(vault, "compromised", "1", owner_key=owner, instalment="a")
    assert all(each.compromised for each in read_chain(vault))


def test_the_key_of_an_instalment_must_follow_from_the_owners(vault, tmp_path):
    add(vault, "a")
    chain = read_chain(vault)
    owner = open_vault(vault).key
    keys = owner_keys(vault, chain)
    assert keys == {owner.commitment(): owner}
    assert check_derived(chain[1], owner.derive("instalment", "a"), keys)
    with pytest.raises(VaultError, match="may have been chosen"):
        check_derived(chain[1], owner.derive("instalment", "b"), keys)
    away = replace(chain[1], owner_key=new_key().commitment())
    assert not check_derived(away, owner, keys)
    assert check_derived(chain[0], owner, {})


def test_original_texts_are_known_by_their_hashes(vault):
    assert text_sha256("buy the large house 3") in original_hashes(vault)
    assert len(original_hashes(vault)) == 20
    with pytest.raises(VaultError, match="cannot be read"):
        original_hashes(vault / "nowhere")

import csv
import json

import numpy as np
import pytest

from pipelines.jobs.inspect import inspect_vault
from watermark.document import restore, sites_of, text_sha256
from watermark.vault.vault import open_vault

NEW = ("--out", "reviewed", "--vault-out", "vault-2")


@pytest.fixture
def vault(job):
    return open_vault(job.vault, job.key_file)


@pytest.fixture
def review(job, command):
    def run(*options, published=None):
        folder = published or job.vault.parent / "published"
        common = ("--published", folder, "--key-file", job.key_file, *NEW)
        return command("leximark", "review", job.vault, *common, *options)

    return run


def all_sites(vault):
    return [site for _, marked in vault.marked() for site in sites_of(marked)]


def write(path, sites, **changed):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["document_id", "start", "original", "candidates"])
        for site in sites:
            row = {
                "document_id": site.document_id,
                "start": site.start,
                "original": site.original,
                "candidates": json.dumps(site.candidates),
            }
            writer.writerow((row | changed).values())


def test_rejected_sites_return_to_the_original_word_and_the_vault_follows(
    job, vault, review, tmp_path
):
    rng = np.random.default_rng(0)
    sites = all_sites(vault)
    gone = [site for site in sites if rng.random() < 0.3]
    write(tmp_path / "r.csv", gone)
    before = job.vault.joinpath("plan.json").read_bytes()
    done = review("--reject", tmp_path / "r.csv")
    assert done.status == 0, done.err
    assert f"{len(gone):,} sites rejected" in done.out
    new = open_vault(tmp_path / "vault-2", job.key_file)  # every hash holds
    assert all_sites(new) == [site for site in sites if site not in gone]
    texts = {}
    for line in (tmp_path / "reviewed/topics.jsonl").read_text().splitlines():
        row = json.loads(line)
        texts[row["id"]] = row["text"]
    rejected = {(site.document_id, site.start) for site in gone}
    for row, marked in new.marked():
        assert restore(marked).text == row.original
        assert (row.status == "published") == (row.id in texts)
        if row.status == "published":
            assert text_sha256(texts[row.id]) == row.published_sha256
        for site, mark in zip(sites_of(marked), marked.marks, strict=True):
            assert (site.document_id, site.start) not in rejected
            assert mark.candidates[vault.key.draw(mark.draw, len(mark.candidates))] == mark.chosen
    assert new.plan.corpus["review"]["n_rejected"] == len(gone)
    assert new.plan.corpus["review"]["commitment_before"].startswith("leximark-commitment-1")
    assert job.vault.joinpath("plan.json").read_bytes() == before


def test_the_new_plan_is_printed_for_machines(vault, review, tmp_path):
    write(tmp_path / "r.csv", all_sites(vault)[:1])
    done = review("--reject", tmp_path / "r.csv", "--json")
    assert done.status == 0, done.err
    assert done.out == (tmp_path / "vault-2/plan.json").read_text(encoding="utf-8")
    assert json.loads(done.out)["corpus"]["review"]["n_rejected"] == 1


def test_approving_keeps_only_what_is_named(job, vault, review, tmp_path):
    kept = all_sites(vault)[::3]
    write(tmp_path / "a.csv", kept)
    assert review("--approve", tmp_path / "a.csv").status == 0
    assert all_sites(open_vault(tmp_path / "vault-2", job.key_file)) == kept


def test_the_reviewed_vault_still_proves(job, vault, review, tmp_path, command):
    sites = all_sites(vault)
    write(tmp_path / "r.csv", sites[::10])
    assert review("--reject", tmp_path / "r.csv").status == 0
    options = ("--corpus", "vault-2", "--key-file", job.key_file, "--model", job.trained)
    done = command("verify", *options)
    assert done.out.startswith("Not fixed beforehand"), done.err
    assert "Reviewed after marking (" in done.out
    assert "\nVerdict: trained on it" in done.out


def test_decisions_that_do_not_look_at_the_key_keep_the_coins_fair(job, vault):
    # Reject by the candidates alone: of what is left, half of the coins still fell either way.
    sites = [site for site in all_sites(vault) if len(site.candidates[1]) < 9]
    draws = {site.draw: len(site.candidates) for site in sites}
    share = np.mean([vault.key.draw(name, n) for name, n in draws.items()])
    assert abs(share - 0.5) < 4 * 0.5 / len(draws) ** 0.5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chosen": "x"}, "must not depend on which word the key drew"),
        ({"start": "999999"}, "no word as a site"),
        ({"start": "first"}, "r.csv:2: wanted an offset"),
        ({"candidates": '["one"]'}, "not "),
        ({"candidates": "one"}, "JSON list"),
    ],
)
def test_decisions_that_are_none_are_refused_and_leave_nothing(
    vault, review, tmp_path, change, words
):
    path = tmp_path / "r.csv"
    write(path, all_sites(vault)[:1], **({} if "chosen" in change else change))
    if "chosen" in change:
        lines = path.read_text().splitlines()
        path.write_text(f"{lines[0]},chosen\n{lines[1]},x\n")
    done = review("--reject", path)
    assert done.status == 2, done.err
    assert words in done.err
    assert {p.name for p in tmp_path.iterdir()} == {"r.csv"}


def test_another_corpus_or_one_that_was_edited_is_refused(job, vault, review, tmp_path):
    write(tmp_path / "r.csv", all_sites(vault)[:1])
    done = review("--reject", tmp_path / "r.csv", published=job.corpus)
    assert done.status == 2
    assert "as it was marked in this vault" in done.err
    assert {p.name for p in tmp_path.iterdir()} == {"r.csv"}


def test_rejecting_everything_and_two_files_are_refused(vault, review, tmp_path):
    write(tmp_path / "r.csv", all_sites(vault))
    done = review("--reject", tmp_path / "r.csv")
    assert (done.status, "no site would be left" in done.err) == (2, True)
    assert review().status == 2
    assert review("--reject", "r.csv", "--approve", "r.csv").status == 2


def test_published_and_withheld_documents_are_reviewed_alike(job, vault):
    found = inspect_vault(vault, sample=0)
    reviewed = {place.site.document_id for group in found.to_review for place in group.places}
    withheld = {row.id for row in vault.documents() if row.status == "held out"}
    assert len(reviewed & withheld) > 5
    assert sum(group.n_sites for group in found.to_review) == vault.plan.corpus["n_sites"]
    assert len(found.pairs) == 144


@pytest.mark.parametrize("new", [("a", "a"), ("a/published", "a"), ("a", "a/vault")])
def test_the_new_vault_is_never_published(job, vault, command, tmp_path, new):
    write(tmp_path / "no.csv", all_sites(vault)[:1])
    out, vault_out = new
    done = command(
        "leximark", "review", job.vault, "--key-file", job.key_file,
        "--published", job.vault.parent / "published", "--reject", "no.csv",
        "--out", out, "--vault-out", vault_out,
    )  # fmt: skip
    assert done.status == 2
    assert "neither may lie inside the other" in done.err
    assert not (tmp_path / "a").exists()

import json
import os
import shutil
import subprocess
from itertools import islice

import pytest

from pipelines.jobs.inspect import inspect_vault, write_inspection
from pipelines.loading.embedded_text import paragraphs
from pipelines.reporting.html import review_page
from watermark.document import Document, Site, apply_choices
from watermark.marking.quality import Pair
from watermark.vault.vault import open_vault

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""


@pytest.fixture(scope="module")
def pages(job, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspect") / "out"
    write_inspection(inspect_vault(open_vault(job.vault, job.key_file), sample=30), folder)
    return folder


def test_every_section_is_filled_with_a_model(job, command):
    options = ["--key-file", job.key_file, "--model", job.other, "--sample", "40", "--json"]
    done = command("leximark", "inspect", job.vault, *options)
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["corpus"]["published"] == 144
    assert found["corpus"]["sampled"] == 40
    assert found["corpus"]["draws"] == found["corpus"]["bits"]  # two candidates a draw
    assert 0 < found["changes"]["changed_sites_per_100_words"] < 20
    assert 50 < found["fidelity"]["bleu"] < 100
    assert {"median", "reason"} & set(found["fidelity"]["similarity"])
    assert -20 < found["readability"]["flesch_change"] < 20
    assert 0 <= found["deduplication"]["survive_minhash"] <= 1
    assert 0.4 < found["stealth"]["blind_classifier_auroc"] <= 1
    assert found["perplexity"]["marked"] > 1
    power = list(found["power"]["by_effect"].values())
    assert power == sorted(power)
    assert power[-1] > power[0]
    assert found["power"]["usable_sites"] <= found["corpus"]["sites"]


def test_without_a_model_it_says_what_was_not_measured(job, command, tmp_path):
    options = ["--key-file", job.key_file, "--sample", "20", "--out", "inspection"]
    done = command("leximark", "inspect", job.vault, *options)
    assert done.status == 0, done.err
    assert "not measured: name a language model with --model" in done.out
    names = {path.name for path in (tmp_path / "inspection").iterdir()}
    assert names == {"inspection.json", "index.html", "review.html"}
    again = command("leximark", "inspect", job.vault, *options)
    assert (again.status, "exists already" in again.err) == (2, True)


def test_the_detectable_effect_has_a_power_of_four_fifths(job):
    from scipy.stats import norm

    from pipelines.loading.models import ModelOptions, load_model

    vault = open_vault(job.vault, job.key_file)
    model = load_model(str(job.other), ModelOptions(dtype="float32"))
    power = inspect_vault(vault, sample=30, model=model).sections["power"]
    spread = power["minimum_detectable_effect"] / (norm.isf(0.001) + norm.isf(0.2))
    assert power["by_effect"]["0.5"] == pytest.approx(norm.sf(norm.isf(0.001) - 0.5 / spread))


def pair(text, chosen, original="large", candidates=("large", "big")):
    site = Site("d", text.index(original), original, candidates, "draw")
    return Pair(Document("d", text), apply_choices(Document("d", text), [site], [chosen]))


def test_the_review_page_does_not_know_what_was_drawn():
    assert review_page([pair("a large dog", 0)]) == review_page([pair("a large dog", 1)])


def test_the_review_page_does_not_know_what_is_held_out(job, pages):
    ids = {
        f'"id": "{row.id}"': row.status for row in open_vault(job.vault, job.key_file).documents()
    }
    page = (pages / "review.html").read_text()
    assert "held out" not in page
    assert len({status for name, status in ids.items() if name in page}) == 2


def test_hostile_text_stays_text():
    page = review_page([pair("</script><script>alert(1)</script> a large", 1)])
    assert page.count("<script") == 2
    assert "\\u003c/script>" in page


def in_browser(page, tmp_path, script):
    """Run a script behind those of the page in a headless browser; return what it put out."""
    text = page.read_text(encoding="utf-8")
    catch = "<script>window.errors = []; onerror = (m) => { errors.push(m); };</script>"
    ending = f"<script>document.title = JSON.stringify((() => {{ {script} }})());</script>"
    probe = tmp_path / "probe.html"
    probe.write_text(text.replace("<title>", catch + "<title>").replace("</body>", ending))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    options += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    done = subprocess.run(
        [
            CHROMIUM,
            *options,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            probe.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    title = done.stdout.partition("<title>")[2].partition("</title>")[0]
    return json.loads(title.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


browser = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")


@browser
def test_the_comparison_can_be_filtered_and_searched(pages, tmp_path):
    found = in_browser(
        pages / "index.html",
        tmp_path,
        """
        const count = () => document.querySelectorAll("article:not([hidden])").length;
        const all = count();
        const show = document.getElementById("show");
        show.value = "unchanged"; show.dispatchEvent(new Event("change"));
        const unchanged = count();
        show.value = "changed"; show.dispatchEvent(new Event("change"));
        const changed = count();
        const search = document.getElementById("search");
        search.value = document.querySelector("ins").textContent.toUpperCase();
        search.dispatchEvent(new Event("input"));
        const some = count();
        search.value = "no such word anywhere"; search.dispatchEvent(new Event("input"));
        return {all, unchanged, changed, some, none: count(), errors};
        """,
    )
    assert found["errors"] == []
    assert found["all"] == 30
    assert found["changed"] + found["unchanged"] == 30
    assert 1 <= found["some"] <= found["changed"]
    assert found["none"] == 0


@browser
def test_decisions_of_the_review_page_are_a_file_that_review_reads(pages, tmp_path):
    from watermark.marking.review import read_decisions

    found = in_browser(
        pages / "review.html",
        tmp_path,
        """
        const sites = document.querySelectorAll(".site");
        sites[0].click(); sites[1].click(); sites[1].click(); sites[2].click();
        const csv = toCsv();
        const rows = fromCsv(csv);
        const pressed = document.querySelectorAll(".site[aria-pressed=true]").length;
        return {csv, pressed, fields: rows.map((row) => row.length), errors};
        """,
    )
    assert found["errors"] == []
    assert found["pressed"] == 2
    assert found["fields"] == [4, 4]
    path = tmp_path / "rejected.csv"
    path.write_text(found["csv"], encoding="utf-8", newline="")
    assert len(read_decisions(path, "reject").sites) == 2


def test_marks_that_no_key_chose_are_inspected_with_a_model_too(job, tmp_path, command):
    rows = [json.dumps({"text": text}) + "\n" for text in islice(paragraphs(), 12)]
    (tmp_path / "in.jsonl").write_text("".join(rows))
    out = ("--out", "published", "--vault", "vault")
    done = command("leximark", "mark", "in.jsonl", *out, "--rule", "published")
    assert done.status == 0, done.err
    done = command("leximark", "inspect", "vault", "--model", job.other, "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert "no key chose" in found["power"]["reason"]
    assert found["perplexity"]["marked"] > 1

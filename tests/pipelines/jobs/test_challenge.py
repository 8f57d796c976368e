"""A challenge shows nothing secret, honest answers are evidence, and others are found out."""

import json
import shutil
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from membership.audit.challenge import Challenge, Question, make_challenge, site_readings
from membership.audit.corpus import load_audit_corpus
from membership.audit.word_challenge import make_word_challenge
from membership.traces.trace import CandidateLogprobs, Slot
from pipelines.jobs.answer import answer_command
from pipelines.jobs.challenge import challenge_command
from pipelines.jobs.judge import judge_command
from pipelines.loading.models import ModelOptions
from pipelines.reporting.judgement import judgement_dict, judgement_lines
from watermark.document import Site
from watermark.errors import ToolkitError
from watermark.keys import Key
from watermark.text.rarity import rarity_bits
from watermark.vault.vault import open_vault


@pytest.fixture(scope="module")
def sealed(job, tmp_path_factory):
    """A vault, its challenge, and the answers of both models."""
    folder = tmp_path_factory.mktemp("challenge")
    shutil.copytree(job.vault, folder / "vault")
    challenge_command(folder / "vault", folder / "challenge", job.key_file)
    options = ModelOptions(dtype="float32")
    for name, model in (("trained", job.trained), ("other", job.other)):
        answer_command(folder / "challenge", str(model), folder / name, options)
    return folder


def judged(job, sealed, answers, references=()):
    return judge_command(sealed / "vault", answers, references, job.key_file)


def test_honest_answers_give_the_verdict_of_an_audit(job, sealed):
    found = judged(job, sealed, sealed / "trained")
    assert (found.words, found.result.pvalue) == ("trained on it", 1e-5)
    assert found.credibility.problems == ()
    assert found.credibility.share_repeated == 1
    other = judged(job, sealed, sealed / "other")
    assert other.words == "no evidence"
    assert other.credibility.problems == ()
    assert not found.beforehand.is_shown


def test_answers_of_another_model_serve_as_a_reference(job, sealed):
    found = judged(job, sealed, sealed / "trained", [sealed / "other"])
    assert found.words == "trained on it"
    assert found.result.details["adjustment"][f"reference {sealed / 'other'}"] > 0
    with pytest.raises(ToolkitError, match="is of the suspect itself"):
        judged(job, sealed, sealed / "trained", [sealed / "trained"])


def test_a_reference_that_learned_the_text_is_named_by_the_judge(job, sealed):
    found = judged(job, sealed, sealed / "other", [sealed / "trained"])
    lines = list(judgement_lines(found))
    name = sealed / "trained"
    assert any(line.startswith(f"Caution: Reference {name} depends on the key") for line in lines)
    assert judgement_dict(found)["departures"] == list(found.departures)


def test_the_three_commands_are_the_chain(job, command, tmp_path):
    shutil.copytree(job.vault, tmp_path / "vault")
    (tmp_path / "vault/custody.jsonl").unlink(missing_ok=True)
    done = command("leximark", "challenge", "vault", "--out", "q", "--key-file", job.key_file)
    assert done.status == 0, done.err
    done = command("leximark", "answer", "q", "--model", job.trained, "--dtype", "float32")
    assert done.status == 0, done.err
    done = command("leximark", "judge", "vault", "answers", "--key-file", job.key_file)
    assert done.status == 0, done.err
    assert done.out.startswith("Not fixed beforehand")
    assert "\nVerdict: trained on it\n" in done.out
    log = (tmp_path / "vault/custody.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in log] == ["made", "challenge", "audit"]


def test_questions_do_not_depend_on_what_the_key_drew(job):
    """With every coin turned and other texts published, the questions are the same bytes."""
    vault = open_vault(job.vault, job.key_file)
    corpus = load_audit_corpus(vault)
    turned = replace(
        corpus,
        choices=tuple(tuple(1 - choice for choice in some) for some in corpus.choices),
        documents=corpus.originals,
    )
    one, two = (make_challenge(each, vault.key, "name") for each in (corpus, turned))
    assert one.questions == two.questions
    assert one.questions != make_challenge(corpus, vault.key, "another").questions


def test_a_challenge_holds_no_key_and_no_marked_text(job, sealed):
    content = (sealed / "challenge/questions.jsonl").read_bytes()
    assert job.key_file.read_bytes().hex().encode() not in content
    corpus = load_audit_corpus(open_vault(job.vault, job.key_file))
    texts = {json.loads(line)["text"] for line in content.splitlines()}
    originals = {document.text for document in corpus.originals}
    changed = {d.text for d in corpus.documents} - originals
    assert texts <= originals
    assert not texts & changed
    for line in content.splitlines():
        for _, _, candidates in json.loads(line)["slots"]:
            assert candidates == sorted(candidates)


def rewrite(sealed, tmp_path, change):
    """Answer with what `change` makes of the rows of honest answers."""
    folder = tmp_path / "answers"
    shutil.copytree(sealed / "trained", folder)
    path = folder / "answers.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in change(rows)))
    return folder


def fill(rows, value):
    for row in rows:
        for slot in row["slots"]:
            if "logprobs" in slot:
                slot["logprobs"] = [value() for _ in slot["logprobs"]]
    return rows


def test_a_random_answerer_is_found_out(job, sealed, tmp_path):
    rng = np.random.default_rng(0)
    answers = rewrite(sealed, tmp_path, lambda rows: fill(rows, lambda: -rng.exponential(5)))
    found = judged(job, sealed, answers)
    assert found.words == "answers not credible"
    assert len(found.credibility.problems) == 2


def test_a_constant_answerer_is_found_out(job, sealed, tmp_path):
    found = judged(job, sealed, rewrite(sealed, tmp_path, lambda rows: fill(rows, lambda: -3.0)))
    assert found.words == "answers not credible"
    assert found.credibility.share_repeated == 1
    assert len(found.credibility.problems) == 1


def test_one_who_always_takes_the_first_word_is_found_out(job, sealed, tmp_path):
    def first(rows):
        for row in rows:
            for slot in row["slots"]:
                if "logprobs" in slot:
                    slot["logprobs"] = [-float(i + 1) for i in range(len(slot["logprobs"]))]
        return rows

    assert judged(job, sealed, rewrite(sealed, tmp_path, first)).words == "answers not credible"


def unanswered(rows):
    for row in rows:
        row["slots"] = [{"reason": "no"} for _ in row["slots"]]
    return rows


@pytest.mark.parametrize(
    ("kind", "change", "named"),
    [
        ("NaN", lambda rows: fill(rows, lambda: float("nan")), "not a number between"),
        ("positive", lambda rows: fill(rows, lambda: 1.0), "not a number between"),
        ("infinite", lambda rows: fill(rows, lambda: float("-inf")), "not a number between"),
        ("text", lambda rows: fill(rows, lambda: "-1"), "not a number between"),
        ("partial", lambda rows: rows[:-1], "each question is answered once"),
        ("twice", lambda rows: [*rows[:1], *rows[:-1]], "out of order, or one comes twice"),
        ("one more", lambda rows: [*rows, rows[0]], "each question is answered once"),
        ("out of order", lambda rows: rows[::-1], "out of order, or one comes twice"),
        ("slots left out", lambda rows: [r | {"slots": []} for r in rows], "answered in part"),
        ("nothing said", unanswered, "no usable site"),
    ],
)
def test_answers_that_are_none_are_one_message(job, sealed, tmp_path, command, kind, change, named):
    answers = rewrite(sealed, tmp_path, change)
    before = (sealed / "vault/custody.jsonl").read_bytes()
    done = command("leximark", "judge", sealed / "vault", answers, "--key-file", job.key_file)
    assert done.status == 2, done.out
    assert named in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert (sealed / "vault/custody.jsonl").read_bytes() == before


def test_answers_to_other_questions_are_refused(job, sealed, tmp_path):
    challenge_command(sealed / "vault", tmp_path / "again", job.key_file)
    folder = tmp_path / "answers"
    shutil.copytree(sealed / "trained", folder)
    about = json.loads((folder / "answers.json").read_text())
    name = json.loads((tmp_path / "again/challenge.json").read_text())["name"]
    (folder / "answers.json").write_text(json.dumps(about | {"challenge": name}))
    with pytest.raises(ToolkitError, match="answers other questions"):
        judged(job, sealed, folder)


N_KEYS = 200


def slot_features(made, key):
    """Return what can be seen of each site in the questions, and which word the key drew."""
    rows, outcomes = [], []
    times = Counter(made.sources)
    place = {source: number for number, source in reversed(list(enumerate(made.sources)))}
    for source, places in enumerate(made.sites):
        question = made.questions[place[source]]
        for slot, site in places.items():
            words = question.slots[slot].candidates
            if len(words) != 2:
                continue
            starts = [each.start for each in question.slots]
            rows.append(
                [
                    place[source] / len(made.questions), times[source], slot, len(question.slots),
                    words.index(site.original), len(words[0]) - len(words[1]),
                    rarity_bits(words[0], "en") - rarity_bits(words[1], "en"),
                    min((abs(site.start - s) for s in starts if s != site.start), default=999),
                    len(question.text),
                ]
            )  # fmt: skip
            outcomes.append(words.index(site.candidates[key.draw(site.draw, 2)]))
    return rows, outcomes


def word_features(made, key):
    """The same of questions that are answered in words."""
    rows, outcomes = [], []
    times = Counter(made.sources)
    for number, source in enumerate(made.sources):
        place = made.places[source]
        if source < made.n_sites and len(place.order) == 2:
            options = place.question.options
            rows.append(
                [
                    number / len(made.questions), times[source], place.order[0],
                    len(options[0]) - len(options[1]),
                    rarity_bits(options[0], "en") - rarity_bits(options[1], "en"),
                    len(place.question.left),
                ]
            )  # fmt: skip
            outcomes.append(place.order.index(key.draw(place.site.draw, 2)))
    return rows, outcomes


@pytest.mark.parametrize(
    ("make", "features"), [(make_challenge, slot_features), (make_word_challenge, word_features)]
)
def test_a_classifier_cannot_guess_outcomes_from_the_questions(job, make, features):
    """Trained on the challenges of half of 200 keys, it guesses no better than a coin on the rest.

    Questions, repeats and decoys are drawn anew from each key, so whatever they told of the coins
    would be learned. The interval is over keys, since the sites of one share its coins.
    """
    corpus = load_audit_corpus(open_vault(job.vault, job.key_file))
    rng = np.random.default_rng(0)
    keys = [Key(rng.bytes(32)) for _ in range(N_KEYS)]
    rows, outcomes = zip(*(features(make(corpus, key, "c"), key) for key in keys), strict=True)
    half = N_KEYS // 2
    learner = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    learner.fit(np.concatenate(rows[:half]), np.concatenate(outcomes[:half]))
    areas = np.array(
        [
            roc_auc_score(outcome, learner.predict_proba(np.array(row))[:, 1])
            for row, outcome in zip(rows[half:], outcomes[half:], strict=True)
        ]
    )
    error = 2.58 * areas.std(ddof=1) / np.sqrt(half)  # 99 % interval of the mean over keys
    found = f"AUROC {areas.mean():.4f} +- {error / 2.58 * 1.96:.4f}, {half} keys"
    sys.stdout.write(f"\n{make.__name__}: {found}\n")
    assert areas.mean() - error < 0.5 < areas.mean() + error


def test_of_a_question_that_came_twice_the_first_answer_counts():
    site = Site("d", 4, "old", ("old", "aged"), "w")
    question = Question("the old town", (Slot(4, "old", ("aged", "old")),))
    made = Challenge((question, question), (0, 0), ({0: site},))
    first, repeated = (
        [CandidateLogprobs(np.array(logprob))] for logprob in ([-2.0, -1.0], [-8.0, -9.0])
    )
    sites, (reading,) = site_readings(made, [first, repeated])
    assert sites == [site]
    assert reading.logprob.tolist() == [-1.0, -2.0]  # of "old" and of "aged"

import numpy as np
import pytest

from membership.detector import score_document
from membership.detectors.dc_pdd import DcPdd
from membership.token_frequencies import FrequencyTable, Origin
from tests.support.traces import GOLDEN, trace_of
from watermark.document import Document
from watermark.errors import PrerequisiteError

DOCUMENT = Document("a", "text")
COUNTS = np.array([0, 50, 3, 0, 7, 120, 1, 15, 0, 4])
IDS = [5, 7, 5, 9, 1, 3, 7, 2]
ORIGIN = Origin("f1", "tiny", "c1", "corpus", 3, 1024)


def table(counts=COUNTS):
    return FrequencyTable(np.asarray(counts, dtype=np.int64), ORIGIN)


def score(cap=0.01, logprob=GOLDEN, ids=IDS, counts=COUNTS, start=()):
    trace = trace_of(logprob, ids=ids, unscored_start=start)
    return DcPdd(table(counts), "f1", cap).score(DOCUMENT, [trace])


@pytest.mark.parametrize(
    ("cap", "golden"),
    [
        (None, 0.3705394787449933),
        (1.0, 0.3226629113718527),
        (0.1, 0.07298523448931758),
        (0.01, 0.008422451792178624),
    ],
)
def test_the_golden_vector(cap, golden):
    assert score(cap) == pytest.approx(golden, rel=1e-12)


def test_the_frequency_of_a_token_is_smoothed_by_hand():
    frequency = np.exp(table().log_frequency(np.array([0, 5])))
    assert frequency == pytest.approx([1 / 210, 121 / 210])  # 200 counts and 10 words


def test_one_token_by_hand():
    # 0.5 * -log(16 / 210), above a cap of 1
    assert score(None, np.log([0.5]), [7]) == pytest.approx(0.5 * np.log(210 / 16))
    assert score(1.0, np.log([0.5]), [7]) == 1.0


def test_only_the_first_occurrence_of_a_token_counts():
    once = score(None, np.log([0.2, 0.4]), [7, 2])
    assert score(None, np.log([0.2, 0.4, 0.9]), [7, 2, 7]) == once
    assert once != pytest.approx(0.5378407041404598)


def test_all_occurrences_would_give_other_numbers():
    # Without the choice of first occurrences the golden vector gives 0.0088168..., not 0.0084224...
    divergence = np.exp(GOLDEN) * -table().log_frequency(np.array(IDS))
    everything = np.minimum(divergence, 0.01).mean()
    assert everything == pytest.approx(0.008816838844133968, rel=1e-12)
    assert score() != pytest.approx(everything)


def test_counts_that_are_not_smoothed_would_turn_the_order():
    # As in ports that take log(1 / count): the sum is negative and the cap never holds.
    first = [0, 1, 3, 4, 5, 7]
    raw = np.exp(GOLDEN)[first] * np.log(1 / np.maximum(COUNTS, 1e-10)[IDS])[first]
    assert np.minimum(raw, 0.01).mean() < 0 < score()
    assert score(None) > 0


def test_a_token_that_stood_unscored_at_the_start_has_been_seen():
    with_start = score(None, np.log([0.2, 0.4]), [7, 2], start=(7,))
    assert with_start == score(None, np.log([0.4]), [2])


def test_a_text_that_repeats_one_unscored_token_still_has_a_score():
    assert score(None, np.log([0.2, 0.4]), [7, 7], start=(7,)) == score(None, np.log([0.2]), [7])


def test_known_and_rare_scores_above_unknown_and_above_common():
    assert score(None, np.log([0.9]), [0]) > score(None, np.log([0.1]), [0])
    assert score(None, np.log([0.9]), [0]) > score(None, np.log([0.9]), [5])


def test_easy_texts_tie_at_the_cap():
    assert (
        score(0.01, np.log([0.9, 0.8]), [0, 3]) == score(0.01, np.log([0.5, 0.4]), [0, 3]) == 0.01
    )


def test_a_table_of_another_tokenizer_is_refused():
    with pytest.raises(PrerequisiteError, match=r"counted with the tokenizer of tiny \(f1\)"):
        DcPdd(table(), "f2")


@pytest.mark.parametrize("cap", [0.0, -1.0, float("nan")])
def test_a_cap_is_above_0(cap):
    with pytest.raises(ValueError, match="cap"):
        DcPdd(table(), "f1", cap)


def test_the_name_tells_an_unusual_cap():
    names = [DcPdd(table(), "f1", cap).name for cap in (0.01, 0.1, None)]
    assert names == ["dc_pdd", "dc_pdd_0.1", "dc_pdd_uncapped"]


def test_it_is_scored_as_any_detector():
    trace = trace_of(GOLDEN, ids=IDS)
    assert score_document(DcPdd(table(), "f1"), DOCUMENT, [trace]).reason == ""


def test_a_token_beyond_the_table_has_no_frequency():
    found = score_document(DcPdd(table(), "f1"), DOCUMENT, [trace_of([-1.0], ids=[10])])
    assert found.reason == "it has a token that the table of frequencies does not know"

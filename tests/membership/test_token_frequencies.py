import numpy as np
import pytest

from membership.detectors.dc_pdd import DcPdd
from membership.models.local.huggingface import load_huggingface, load_tokenizer
from membership.models.local.inference_settings import InferenceSettings
from membership.scoring import tokenizer_fingerprint
from membership.token_frequencies import count_tokens, load_frequencies
from membership.traces.tokens import wrap_tokenizer
from membership.traces.trace import Query
from tests.support.tiny import END, TEXTS, save_tiny_model, tiny_tokenizer
from watermark.corpus import corpus_digest
from watermark.document import Document
from watermark.errors import CorpusError, PrerequisiteError, ToolkitError

CHINESE = "本发明公开了一种用于检测水印的方法,包括输入文本的步骤。" * 3


def plain(tokenizer=None):
    tokenizer = tokenizer or tiny_tokenizer()
    ids = {"eos": tokenizer.eos_token_id}
    return wrap_tokenizer(tokenizer.backend_tokenizer, "auto", ids)


def table(texts, **options):
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    settings = {"vocabulary": 0, "corpus_name": "texts", "tokenizer_name": "tiny", **options}
    return count_tokens(documents, settings.pop("tokenizer", plain()), **settings)


def test_tokens_are_counted_and_not_the_documents_that_have_them():
    # In one port the second of two equal tokens in a document is lost.
    tokenizer = plain()
    (cut,) = tokenizer.encode(["try try try"])
    counts = table(["try try try", "try"]).counts
    expected = np.zeros_like(counts)
    for token in [*cut.ids, *tokenizer.encode(["try"])[0].ids]:
        expected[token] += 1
    np.testing.assert_array_equal(counts, expected)
    assert counts.max() >= 2


def test_smoothing_makes_frequencies_that_sum_to_1():
    made = table(TEXTS[:2], vocabulary=700)
    assert len(made.counts) == 700
    assert np.exp(made.log_frequency(np.arange(700))).sum() == pytest.approx(1)


def test_a_vocabulary_smaller_than_the_tokenizer_is_raised_to_it():
    assert len(table(TEXTS[:1], vocabulary=5).counts) == len(tiny_tokenizer())


def test_only_the_beginning_of_a_document_may_be_counted():
    assert table(TEXTS[:3], max_tokens=10).counts.sum() == 30
    assert table(TEXTS[:3], max_tokens=None).counts.sum() > 300


def test_special_tokens_are_not_counted():
    made = tiny_tokenizer()
    try_ = made.backend_tokenizer.token_to_id("try")
    tokenizer = wrap_tokenizer(made.backend_tokenizer, "auto", {"eos": try_})
    assert try_ in tokenizer.special
    counts = table([f"try it {END}"], tokenizer=tokenizer).counts
    assert counts[list(tokenizer.special)].sum() == 0
    assert counts.sum() > 2  # what looks like a special token in a text is text


def test_what_the_table_was_made_from_stands_in_it(tmp_path):
    made = table(["try", "it"])
    assert made.origin.tokenizer == plain().fingerprint()
    assert made.origin.corpus == corpus_digest([Document("0", "try"), Document("1", "it")])
    assert (made.origin.n_documents, made.origin.max_tokens) == (2, 1024)
    made.save(tmp_path / "table.npz")
    read = load_frequencies(tmp_path / "table.npz")
    assert read.origin == made.origin
    np.testing.assert_array_equal(read.counts, made.counts)


def test_the_same_table_is_the_same_bytes(tmp_path):
    for name in "ab":
        table(["try", "it"]).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with pytest.raises(ToolkitError, match="exists already"):
        table(["try"]).save(tmp_path / "a")


@pytest.mark.parametrize("content", [None, b"", b"{}", b"PK\x03\x04 cut short"])
def test_what_is_no_table_is_refused(tmp_path, content):
    path = tmp_path / "table.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PrerequisiteError, match="wanted a table of token frequencies"):
        load_frequencies(path)


def test_another_array_is_no_table(tmp_path):
    np.savez(tmp_path / "other.npz", counts=np.zeros(3))
    with pytest.raises(PrerequisiteError, match="cannot be read"):
        load_frequencies(tmp_path / "other.npz")


def test_a_corpus_without_tokens_is_refused():
    with pytest.raises(CorpusError, match="no tokens to count"):
        table([""])


def test_tokenizers_are_told_apart_by_how_they_cut():
    same = plain().fingerprint()
    assert plain(tiny_tokenizer(bos=None)).fingerprint() == same  # a start token is no difference
    assert plain(tiny_tokenizer(vocab_size=500)).fingerprint() != same
    other = plain()
    other.backend.pre_tokenizer = None
    assert other.fingerprint() != same


def test_the_tokenizer_of_a_model_has_the_fingerprint_of_the_model(tmp_path):
    folder = save_tiny_model(tmp_path / "model", "llama")
    model = load_huggingface(folder, InferenceSettings(dtype="float32"))
    assert load_tokenizer(folder).fingerprint() == model.tokenizer.fingerprint()
    for start_token in ("auto", "none"):
        api = load_huggingface(
            folder, InferenceSettings(dtype="float32", start_token=start_token, max_length=20)
        )
        assert tokenizer_fingerprint(api) == model.tokenizer.fingerprint()
    detector = DcPdd(table(TEXTS), model.tokenizer.fingerprint())
    assert detector.table.origin.tokenizer == model.tokenizer.fingerprint()


def test_chinese_text_is_counted_and_scored(tmp_path):
    tokenizer = tiny_tokenizer([CHINESE], 400)
    folder = save_tiny_model(tmp_path / "model", "gpt_neox", tokenizer)
    model = load_huggingface(folder, InferenceSettings(dtype="float32"))
    made = table([CHINESE], tokenizer=model.tokenizer)
    ((_, trace),) = model.trace([Query("一种检测水印的方法")])
    score = DcPdd(made, model.tokenizer.fingerprint()).score(Document("a", ""), [trace])
    assert 0 < score <= 0.01


def test_a_first_token_without_context_is_known_to_have_stood_there(tmp_path):
    tokenizer = tiny_tokenizer(bos=None)
    folder = save_tiny_model(tmp_path / "model", "llama", tokenizer)
    model = load_huggingface(folder, InferenceSettings(dtype="float32"))
    ((_, trace),) = model.trace([Query("try it and try it")])
    ids = tokenizer("try it and try it", add_special_tokens=False)["input_ids"]
    assert [*trace.unscored_start, *trace.token_ids] == ids
    assert len(trace.unscored_start) == 1
    with_start = load_huggingface(folder, InferenceSettings(dtype="float32", start_token="eos"))
    ((_, trace),) = with_start.trace([Query("try it")])
    assert trace.unscored_start == ()

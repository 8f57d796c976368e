import json
import re
import shutil
from functools import cache

import huggingface_hub
import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from membership.detector import score_document
from membership.detectors import default_detectors
from membership.detectors.reference import shared_unit
from membership.models import huggingface, one_pass, running
from membership.models.huggingface import load_huggingface
from membership.reading import NO_CONTEXT, NO_DIFFERENCE, NOT_A_NUMBER
from membership.trace import Place, Query, Suspect
from tests.tiny import ARCHITECTURES, END, TEXTS, save_tiny_model, save_to_hub_cache, tiny_tokenizer
from watermark.document import Document
from watermark.errors import ModelError

SHORT = ("try it", "for x in y: the “naïve” 🤷 way", "", "a", "with a class statement of Python")
ROOM = 95  # 96 positions, one of them for the start token


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")

    @cache
    def folder(architecture):
        return save_tiny_model(root / architecture, architecture)

    return folder


@pytest.fixture(scope="module")
def models(folders):
    @cache
    def model(architecture, **options):
        return load_huggingface(folders(architecture), dtype="float32", **options)

    return model


def copy(folders, tmp_path, architecture="gpt_neox"):
    return shutil.copytree(folders(architecture), tmp_path / "copy")


def edit(file, **changes):
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def traces(model, queries):
    queries = [q if isinstance(q, Query) else Query(q) for q in queries]
    found = dict(model.trace(queries))
    assert sorted(found) == list(range(len(queries)))
    return [found[index] for index in range(len(queries))]


@cache
def exact(folder):
    """The model in float64, its tokenizer left as it was."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    return model.eval(), transformers.AutoTokenizer.from_pretrained(folder)


@torch.inference_mode()
def dense(folder, text, room=ROOM):
    """Log-softmax rows for each token of a text, one window at a time, in float64."""
    model, tokenizer = exact(folder)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    start = [tokenizer.bos_token_id]
    rows = []
    for position in range(len(ids)):
        # The first of the windows, half a window apart, that holds the token.
        step = room - room // 2
        begin = next(b for b in range(0, len(ids), step) if position < b + room)
        left = torch.tensor([start + ids[begin:position]])
        rows.append(model(input_ids=left).logits[0, -1].double().log_softmax(-1).numpy())
    return np.array(ids), np.array(rows).reshape(len(ids), -1)


def assert_dense(trace, ids, rows, tolerance=1e-4):
    at = np.arange(len(ids))
    p = np.exp(rows)
    mean = (p * rows).sum(1)
    own = rows[at, ids]
    np.testing.assert_array_equal(trace.token_ids, ids)
    np.testing.assert_allclose(trace.logprob, own, atol=tolerance)
    np.testing.assert_allclose(trace.mean, mean, atol=tolerance)
    std = np.sqrt((p * (rows - mean[:, None]) ** 2).sum(1))
    np.testing.assert_allclose(trace.std, std, atol=tolerance)
    np.testing.assert_allclose(trace.top1, rows.max(1), atol=tolerance)
    clear = (np.abs(rows - own[:, None]) < 2e-5).sum(1) == 1  # no near tie with the token itself
    np.testing.assert_array_equal(trace.rank[clear], (rows > own[:, None]).sum(1)[clear])
    assert clear.mean() > 0.7


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_pass_equals_the_dense_computation(folders, models, architecture):
    texts = [text for text in SHORT if text]
    for text, trace in zip(texts, traces(models(architecture), texts), strict=True):
        assert_dense(trace, *dense(folders(architecture), text))


@pytest.mark.parametrize("architecture", ["gpt_neox", "opt"])
def test_a_document_longer_than_the_context_equals_the_dense_computation(
    folders, models, architecture
):
    text = TEXTS[0]
    trace = traces(models(architecture), [text])[0]
    ids, rows = dense(folders(architecture), text)
    assert len(ids) > 2 * ROOM
    assert_dense(trace, ids, rows)


def test_a_shorter_window_may_be_asked_for(folders, models):
    text = "for x in y: the naïve way of the class statement"
    trace = traces(models("llama", max_length=11), [text])[0]
    assert_dense(trace, *dense(folders("llama"), text, room=10))


@pytest.mark.parametrize("batch_tokens", [1, 40, 10_000])
def test_batches_do_not_change_the_numbers(models, batch_tokens):
    texts = [*SHORT, TEXTS[0]]
    alone = [traces(models("llama"), [text])[0] for text in texts]
    for one, other in zip(
        alone, traces(models("llama", batch_tokens=batch_tokens), texts), strict=True
    ):
        for name in ("token_ids", "spans", "logprob", "mean", "std", "top1"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-5)


def test_the_same_list_gives_the_same_bytes(models):
    texts = [*SHORT, *TEXTS[:2]]
    first, second = (traces(models("gpt_neox"), texts) for _ in range(2))
    assert all((a.logprob == b.logprob).all() for a, b in zip(first, second, strict=True))


def test_texts_are_cut_in_blocks(models, monkeypatch):
    wanted = traces(models("llama"), SHORT)
    monkeypatch.setattr("membership.drafts._BLOCK", 10)
    for one, other in zip(wanted, traces(models("llama"), SHORT), strict=True):
        np.testing.assert_allclose(one.logprob, other.logprob, atol=1e-5)


def test_what_has_no_tokens_has_an_empty_trace(models):
    trace = traces(models("gpt_neox"), [""])[0]
    assert trace.spans.shape == (0, 2)
    assert all(len(getattr(trace, c)) == 0 for c in ("token_ids", "logprob", "std", "rank"))
    assert traces(models("gpt_neox"), []) == []


def test_without_a_start_token_the_first_token_is_not_scored(models):
    model = models("llama", start_token="none")
    one, three = traces(model, ["try", "try it now"])
    assert len(one.logprob) == 0
    assert three.spans[0].tolist() == [4, 6]
    assert "start token none" in model.settings


def test_a_special_token_in_the_text_is_text(folders, models):
    text = f"for x {END} in y"
    trace = traces(models("llama"), [text])[0]
    assert models("llama").tokenizer.backend.token_to_id(END) not in trace.token_ids
    assert trace.spans[-1, 1] == len(text)


def test_a_text_of_one_character_that_is_several_tokens(models):
    trace = traces(models("llama"), ["🤷"])[0]
    assert len(trace.logprob) > 1
    assert {tuple(span) for span in trace.spans.tolist()} == {(0, 1)}


def test_random_bytes_do_no_harm(models):
    rng = np.random.default_rng(0)
    texts = [rng.bytes(n).decode(errors="surrogateescape") for n in rng.integers(1, 80, 100)]
    for text, trace in zip(texts, traces(models("llama"), texts), strict=True):
        assert len(trace.logprob)
        assert np.isfinite([trace.logprob, trace.mean, trace.std, trace.top1]).all()
        assert trace.spans.min() >= 0
        assert trace.spans.max() <= len(text)


# --- candidates


def places_in(text, words):
    return tuple(Place(text.index(word), word, (word, *rivals)) for word, *rivals in words)


@pytest.mark.parametrize("architecture", ["gpt_neox", "gemma2"])
@pytest.mark.parametrize("text", ["for a class that can import the module", TEXTS[0]])
def test_a_reading_is_the_dense_row_of_the_text_with_each_candidate_in_it(
    folders, models, architecture, text
):
    words = [w for w in ("for", "class", "import", "module", "statement", "suite") if w in text]
    places = places_in(text, [(w, "value", "exception") for w in words])
    readings = traces(models(architecture), [Query(text, places)])[0].readings
    ids, rows = dense(folders(architecture), text)
    _, tokenizer = exact(folders(architecture))
    assert len(readings) == len(places) > 2
    for place, reading in zip(places, readings, strict=True):
        assert reading.reason == ""
        end = place.start + len(place.original)
        whole = [
            tokenizer(text[: place.start] + word + text[end:], add_special_tokens=False)[
                "input_ids"
            ]
            for word in place.candidates
        ]
        step = next(n for n, token in enumerate(ids) if len({w[n] for w in whole}) > 1)
        wanted = [rows[step, w[step]] for w in whole]
        np.testing.assert_allclose(reading.logprob, wanted, atol=1e-4)


def test_the_reading_of_the_original_is_its_log_probability_in_the_trace(models):
    text = " ".join(TEXTS[1].split())
    starts = [text.index("suite", len(text) // 2), text.index("the")]
    words = [text[start : text.index(" ", start)] for start in starts]
    places = [Place(s, word, (word, "try")) for s, word in zip(starts, words, strict=True)]
    trace = traces(models("llama"), [Query(text, tuple(places))])[0]
    assert len(trace.logprob) > ROOM
    for place, reading in zip(places, trace.readings, strict=True):
        token = int(np.flatnonzero(trace.spans[:, 1] > place.start)[0])
        assert reading.logprob[0] == pytest.approx(trace.logprob[token], abs=1e-5)


def test_places_may_come_in_any_order(models):
    text = TEXTS[0]
    words = [(m.start(), m.group()) for m in re.finditer("statement|suite|list", text)]
    places = tuple(Place(start, word, (word, "value")) for start, word in words)
    queries = [Query(text, places), Query(text, places[::-1])]
    forward, backward = (t.readings for t in traces(models("llama"), queries))
    assert len(forward) > 8
    for one, other in zip(forward, reversed(backward), strict=True):
        assert one.reason == other.reason == ""
        np.testing.assert_allclose(one.logprob, other.logprob, atol=1e-5)


def test_unusable_places_keep_their_position_and_their_reason(models):
    text = "try the class"
    places = (
        Place(0, "try", ("try", "if")),
        Place(4, "the", ("the", "the")),
        Place(8, "class", ("class", "module", "value")),
    )
    readings = traces(models("llama", start_token="none"), [Query(text, places)])[0].readings
    assert [r.reason for r in readings] == [NO_CONTEXT, NO_DIFFERENCE, ""]
    assert [len(r.logprob) for r in readings] == [2, 2, 3]
    assert np.isnan(readings[0].logprob).all()


# --- settings


def test_bf16_is_near_fp32(folders, models):
    low = load_huggingface(folders("llama"), dtype="bfloat16")
    for one, other in zip(traces(low, TEXTS[:2]), traces(models("llama"), TEXTS[:2]), strict=True):
        assert np.abs(one.logprob - other.logprob).mean() < 0.05
    assert low.fingerprint == models("llama").fingerprint
    assert low.settings != models("llama").settings


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ("fma avx2 avx512f", "float32"),
        ("avx512f avx512_bf16", "bfloat16"),
        ("amx_bf16", "bfloat16"),
        (None, "float32"),
    ],
)
def test_the_data_type_is_chosen_for_the_processor(folders, monkeypatch, tmp_path, flags, dtype):
    cpuinfo = tmp_path / "cpuinfo"
    if flags is not None:
        cpuinfo.write_text(f"flags\t\t: {flags}\n")
    monkeypatch.setattr(running, "_CPUINFO", cpuinfo)
    assert load_huggingface(folders("gpt2"), device="cpu").settings.startswith(dtype)


def test_the_settings_say_all_that_can_move_a_number(models):
    assert models("llama", max_length=11, batch_tokens=40).settings == (
        f"float32 on cpu, sdpa attention, start token {END}, windows of 11 and batches of 40 tokens"
    )


def test_a_window_is_not_longer_than_the_model_or_2048(folders, tmp_path):
    assert load_huggingface(folders("gpt_neox")).max_length == 96
    long = save_tiny_model(tmp_path / "long", "gpt_neox", max_position_embeddings=4096)
    assert load_huggingface(long).max_length == 2048


@pytest.mark.parametrize("length", [2, 97])
def test_a_window_that_the_model_cannot_have_is_refused(folders, length):
    with pytest.raises(ModelError, match="at least 3 and at most 96"):
        load_huggingface(folders("gpt_neox"), max_length=length)


@pytest.mark.parametrize("option", [{"dtype": "int8"}, {"batch_tokens": 0}])
def test_settings_that_are_none_are_our_mistake(folders, option):
    with pytest.raises(ValueError, match=r"int8|at least 1"):
        load_huggingface(folders("llama"), **option)


def test_nothing_is_printed(folders, capfd):
    load_huggingface(folders("llama"))
    assert capfd.readouterr() == ("", "")


def test_a_hub_model_goes_by_its_id(folders, models, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    save_to_hub_cache(tmp_path, "someone/tiny", folders("llama"))
    model = load_huggingface("someone/tiny", dtype="float32", revision="main")
    assert model.name == "someone/tiny@main"
    assert model.fingerprint == models("llama").fingerprint
    assert len(traces(model, ["a class"])[0].logprob)


def test_it_is_a_suspect(models):
    suspect: Suspect = models("llama")
    assert suspect.name == "llama"
    assert suspect.abilities == {"logprobs", "moments", "candidates"}


def test_the_pass_never_makes_dense_logits(models, monkeypatch):
    model = models("llama")

    def forbidden(*_, **__):
        raise AssertionError("the model's own head was run")

    monkeypatch.setattr(transformers.LlamaForCausalLM, "forward", forbidden)
    assert len(traces(model, ["a class"])[0].logprob)


def test_detectors_per_byte_score_with_a_reference_of_another_tokenizer(models, tmp_path):
    folder = save_tiny_model(tmp_path / "other", "gpt2", tiny_tokenizer(kind="unigram"))
    both = {"suspect": models("llama"), "reference": load_huggingface(folder, dtype="float32")}
    document = Document("a", "for x in y: try it in another way, with a class")
    unit = shared_unit(*([traces(model, [document.text])[0]] for model in both.values()))
    assert unit == "byte"
    per_byte = [d for d in default_detectors(unit).values() if d.name.endswith("_per_byte")]
    assert len(per_byte) == 4
    for detector in per_byte:
        found = [traces(both[q.role], [q])[0] for q in detector.queries(document)]
        score = score_document(detector, document, found)
        assert score.reason == ""
        assert np.isfinite(score.value)


def test_the_tokenizer_is_that_of_the_file_whatever_class_it_names(folders, models, tmp_path):
    tokenizer = tiny_tokenizer(kind="metaspace")
    folder = save_tiny_model(tmp_path / "model", "gpt2", tokenizer)
    edit(folder / "tokenizer_config.json", tokenizer_class="GPT2Tokenizer")
    trace = traces(load_huggingface(folder), ["for x in  y: try"])[0]
    assert trace.token_ids.tolist() == tokenizer.encode("for x in  y: try")


def test_an_old_tokenizer_in_two_files_is_taken(folders, models, tmp_path):
    folder = copy(folders, tmp_path, "gpt2")
    (folder / "tokenizer.json").unlink()
    edit(folder / "tokenizer_config.json", tokenizer_class="GPT2Tokenizer")
    tiny_tokenizer().backend_tokenizer.model.save(str(folder))
    assert (folder / "merges.txt").exists()
    one, other = (traces(m, ["for x in y"])[0] for m in (load_huggingface(folder), models("gpt2")))
    assert one.token_ids.tolist() == other.token_ids.tolist()
    assert load_huggingface(folder).fingerprint != models("gpt2").fingerprint


# --- refusals


def test_a_masked_model_is_refused(folders):
    with pytest.raises(ModelError, match="depends on the text behind"):
        load_huggingface(folders("bert"))


def test_a_model_without_its_head_is_refused(tmp_path):
    folder = save_tiny_model(tmp_path / "model", "bert")
    config = transformers.AutoConfig.from_pretrained(folder)
    transformers.BertModel(config).save_pretrained(folder)
    with pytest.raises(ModelError, match="missing or of another shape"):
        load_huggingface(folder)


def test_an_encoder_decoder_is_refused(folders, tmp_path):
    folder = copy(folders, tmp_path)
    (folder / "config.json").write_text(json.dumps({"model_type": "t5"}))
    with pytest.raises(ModelError, match="cannot be loaded as a causal language model"):
        load_huggingface(folder)


def test_an_architecture_that_is_not_known_is_refused(folders, tmp_path):
    folder = copy(folders, tmp_path)
    edit(folder / "config.json", model_type="brand_new")
    with pytest.raises(ModelError, match="brand_new"):
        load_huggingface(folder)


def test_weights_of_another_shape_are_refused(folders, tmp_path):
    folder = copy(folders, tmp_path)
    edit(folder / "config.json", intermediate_size=64)
    with pytest.raises(ModelError):
        load_huggingface(folder)


def test_broken_weights_are_refused(folders, tmp_path):
    folder = copy(folders, tmp_path)
    (folder / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_huggingface(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_refused(folders, tmp_path, value):
    folder = copy(folders, tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["embed_out.weight"][5] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="not finite numbers"):
        load_huggingface(folder)


def test_a_word_that_breaks_the_model_breaks_no_other_document(folders, tmp_path):
    folder = copy(folders, tmp_path)
    weights = load_file(folder / "model.safetensors")
    bad = tiny_tokenizer().convert_tokens_to_ids("Ġtry")
    weights["gpt_neox.embed_in.weight"][bad] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    model = load_huggingface(folder, dtype="float32")
    text = "we try a class"
    place = Place(text.index("class"), "class", ("class", "value"))
    good, broken = traces(model, ["a class", Query(text, (place,))])
    assert np.isfinite(good.logprob).all()
    assert np.isnan(broken.logprob).any()
    assert broken.readings[0].reason == NOT_A_NUMBER


def test_a_model_that_treats_its_logits_in_an_unknown_way_is_refused(folders, monkeypatch):
    forward = transformers.LlamaForCausalLM.forward

    def bent(self, *args, **kwargs):
        output = forward(self, *args, **kwargs)
        output.logits = output.logits * 1.01
        return output

    monkeypatch.setattr(transformers.LlamaForCausalLM, "forward", bent)
    with pytest.raises(ModelError, match="LlamaForCausalLM treats its logits in a way"):
        load_huggingface(folders("llama"), dtype="float32")


def test_a_tokenizer_without_offsets_is_refused(folders, tmp_path, monkeypatch):
    folder = copy(folders, tmp_path)
    (folder / "tokenizer.json").unlink()

    class Slow:
        is_fast = False

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: Slow())
    with pytest.raises(ModelError, match=r"tokenizer \(Slow\) does not say where"):
        load_huggingface(folder)


def test_the_tokenizer_of_another_model_is_refused(folders, tmp_path):
    folder = copy(folders, tmp_path)
    tiny_tokenizer(vocab_size=900).save_pretrained(folder)
    with pytest.raises(ModelError, match="has token 899, but the model knows 600"):
        load_huggingface(folder)


def test_an_added_token_beyond_the_vocabulary_is_refused_when_a_text_needs_it(tmp_path):
    tokenizer = tiny_tokenizer()
    folder = save_tiny_model(tmp_path / "model", "gpt_neox", tokenizer)
    tokenizer.add_tokens(["qqq"])
    tokenizer.save_pretrained(folder)
    model = load_huggingface(folder)
    assert len(traces(model, ["a class"])[0].logprob)
    with pytest.raises(ModelError, match="made token 600, but the model knows 600"):
        traces(model, ["a qqq class"])


@pytest.mark.parametrize(
    "content", ["{}", "not JSON", '{"version": "1.0", "model": {"type": "X"}}']
)
def test_a_broken_tokenizer_is_refused(folders, tmp_path, content):
    folder = copy(folders, tmp_path)
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError):
        load_huggingface(folder)


def test_a_tokenizer_that_makes_its_library_panic_is_refused(folders, tmp_path):
    folder = copy(folders, tmp_path)
    charsmap = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    edit(folder / "tokenizer.json", normalizer=charsmap)
    with pytest.raises(ModelError, match="PanicException"):
        load_huggingface(folder)


def test_a_folder_without_a_tokenizer_is_refused(folders, tmp_path):
    folder = copy(folders, tmp_path)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError):
        load_huggingface(folder)


def test_a_device_that_is_not_there_is_refused(folders):
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_huggingface(folders("llama"), device="abacus")


def test_known_texts_are_left_out_and_the_others_stay_the_same_to_the_bit(models, monkeypatch):
    model = models("gpt_neox", batch_tokens=64)
    queries = [Query(text) for text in (*SHORT, TEXTS[0], "with another short one")]
    whole = dict(model.trace(queries))
    ran = []

    def noted(*arguments):
        ran.append({window.document for window in arguments[3]})
        one_pass.run_batch(*arguments)

    monkeypatch.setattr(huggingface, "run_batch", noted)
    known = set(range(len(queries))) - {0, 5}
    rest = dict(model.trace(queries, known))
    assert set(rest) == {0, 5}
    assert all(met & {0, 5} for met in ran)
    for index, trace in rest.items():
        np.testing.assert_array_equal(trace.logprob, whole[index].logprob)
        np.testing.assert_array_equal(trace.std, whole[index].std)
    ran.clear()
    assert not list(model.trace(queries, range(len(queries))))
    assert not ran

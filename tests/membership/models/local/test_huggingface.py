import huggingface_hub
import numpy as np
import pytest
import transformers

from membership.detector import score_document
from membership.detectors import default_detectors
from membership.models.local import huggingface, one_pass
from membership.models.local import inference_settings as running
from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.scoring import choose_unit
from membership.traces.suspect_protocol import Suspect
from membership.traces.trace import Query
from tests.support.dense import ROOM, assert_dense, dense, traces
from tests.support.tiny import (
    ARCHITECTURES,
    END,
    TEXTS,
    copy_model,
    edit_json,
    save_tiny_model,
    save_to_hub_cache,
    tiny_tokenizer,
)
from watermark.document import Document
from watermark.errors import ModelError

SHORT = ("try it", "for x in y: the “naïve” 🤷 way", "", "a", "with a class statement of Python")


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
    monkeypatch.setattr("membership.traces.builder._BLOCK", 10)
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


def test_bf16_is_near_fp32(folders, models):
    low = load_huggingface(folders("llama"), InferenceSettings(dtype="bfloat16"))
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
    assert load_huggingface(folders("gpt2"), InferenceSettings(device="cpu")).settings.startswith(
        dtype
    )


@pytest.mark.parametrize(
    ("n_gpus", "device", "wanted"),
    [
        (0, "auto", ["auto", "auto", "auto"]),
        (1, "auto", ["auto", "auto", "auto"]),
        (2, "auto", ["cuda:0", "cuda:1", "cuda:0"]),
        (2, "cuda", ["cuda:0", "cuda:1", "cuda:0"]),
        (2, "cuda:1", ["cuda:1", "cuda:1", "cuda:1"]),
        (2, "cpu", ["cpu", "cpu", "cpu"]),
    ],
)
def test_processes_of_a_machine_take_its_gpus_in_turns(monkeypatch, n_gpus, device, wanted):
    monkeypatch.setattr("torch.cuda.device_count", lambda: n_gpus)
    assert [running.device_of_task(device, number) for number in range(3)] == wanted


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
        load_huggingface(folders("gpt_neox"), InferenceSettings(max_length=length))


@pytest.mark.parametrize("option", [{"dtype": "int8"}, {"batch_tokens": 0}])
def test_settings_that_are_none_are_our_mistake(folders, option):
    with pytest.raises(ValueError, match=r"int8|at least 1"):
        load_huggingface(folders("llama"), InferenceSettings(**option))


def test_nothing_is_printed(folders, capfd):
    load_huggingface(folders("llama"))
    assert capfd.readouterr() == ("", "")


def test_a_hub_model_goes_by_its_id(folders, models, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    save_to_hub_cache(tmp_path, "someone/tiny", folders("llama"))
    model = load_huggingface("someone/tiny@main", InferenceSettings(dtype="float32"))
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
    both = {
        "suspect": models("llama"),
        "reference": load_huggingface(folder, InferenceSettings(dtype="float32")),
    }
    document = Document("a", "for x in y: try it in another way, with a class")
    unit = choose_unit(*both.values())
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
    edit_json(folder / "tokenizer_config.json", tokenizer_class="GPT2Tokenizer")
    trace = traces(load_huggingface(folder), ["for x in  y: try"])[0]
    assert trace.token_ids.tolist() == tokenizer.encode("for x in  y: try")


def test_an_old_tokenizer_in_two_files_is_taken(folders, models, tmp_path):
    folder = copy_model(folders, tmp_path, "gpt2")
    (folder / "tokenizer.json").unlink()
    edit_json(folder / "tokenizer_config.json", tokenizer_class="GPT2Tokenizer")
    tiny_tokenizer().backend_tokenizer.model.save(str(folder))
    assert (folder / "merges.txt").exists()
    one, other = (traces(m, ["for x in y"])[0] for m in (load_huggingface(folder), models("gpt2")))
    assert one.token_ids.tolist() == other.token_ids.tolist()
    assert load_huggingface(folder).fingerprint != models("gpt2").fingerprint

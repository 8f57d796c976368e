import numpy as np

from membership.models.local.gguf import load_gguf
from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.traces.trace import Query
from pipelines.experiments.trials.gguf_writer import write_gguf
from tests.support.tiny import save_tiny_model

TEXT = "It is not the case that the statement with a class is a try."


def test_a_model_written_as_gguf_scores_as_it_did_within_its_8_bits(tmp_path):
    # Rows of 32 numbers are what 8 bits are shared by; keys and queries of two heads each.
    folder = save_tiny_model(
        tmp_path / "tiny", "llama", intermediate_size=64, hidden_size=64, head_dim=16
    )
    write_gguf(folder, tmp_path / "tiny.gguf")
    run = InferenceSettings(dtype="float32", device="cpu", start_token="none")
    ((_, ours),) = load_gguf(tmp_path / "tiny.gguf", run).trace([Query(TEXT)])
    wanted = load_huggingface(
        folder, InferenceSettings(dtype="float32", device="cpu", start_token="none")
    )
    ((_, theirs),) = wanted.trace([Query(TEXT)])
    np.testing.assert_array_equal(ours.token_ids, theirs.token_ids)
    np.testing.assert_allclose(ours.logprob, theirs.logprob, atol=0.3)
    assert np.corrcoef(ours.logprob, theirs.logprob)[0, 1] > 0.999

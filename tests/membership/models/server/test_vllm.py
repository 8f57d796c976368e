"""A real vLLM server on loopback; see `tests/support/vllm_server.py` for what it needs."""

import os

import numpy as np
import pytest

from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.models.server.address import parse_address
from membership.models.server.endpoint import open_endpoint
from membership.traces.trace import Query, Slot
from tests.support.tiny import TEXTS
from tests.support.vllm_server import VARIABLE, serve
from watermark.assets import find_model

TEXT = "The committee met on Monday and decided to purchase a large bridge for the quick ferry."
PLACES = tuple(
    Slot(TEXT.index(word), word, (word, other))
    for word, other in (("purchase", "buy"), ("large", "vast"), ("quick", "rapid"))
)


@pytest.mark.slow
@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no environment of vLLM")
def test_a_real_server_gives_the_scores_of_the_local_model():
    folder = find_model("smollm2-135m")
    local = load_huggingface(
        folder, InferenceSettings(dtype="float32", start_token="none", max_length=1024)
    )
    queries = [Query(TEXT, PLACES), *(Query(text[:600]) for text in TEXTS)]
    wanted = dict(local.trace(queries))
    with serve(folder) as address:
        parsed = parse_address(address)
        assert parsed is not None
        suspect = open_endpoint(parsed)
        assert "prompt_logprobs, first token not scored" in suspect.settings
        found = dict(suspect.trace(queries))
    for index in range(len(queries)):
        ours, theirs = found[index], wanted[index]
        np.testing.assert_array_equal(ours.token_ids, theirs.token_ids)
        # The server computes in bf16: single tokens are off by some hundredths of a nat.
        assert abs(float(ours.logprob.mean() - theirs.logprob.mean())) < 0.05
        assert np.corrcoef(ours.logprob, theirs.logprob)[0, 1] > 0.995
    pairs = zip(found[0].candidate_logprobs, wanted[0].candidate_logprobs, strict=True)
    for ours_read, theirs_read in pairs:
        assert not ours_read.reason
        np.testing.assert_allclose(ours_read.logprob, theirs_read.logprob, atol=0.5)

import numpy as np
import pytest

from membership.evidence.sensitivity import Sensitivity, measure_sensitivity
from tests.membership.evidence.test_prediction import N_DOCUMENTS, site_map, table_of
from watermark.keys import KEY_BYTES, Key


@pytest.mark.parametrize("n_options", [2, 3])
def test_what_a_table_shows_is_measured_back(n_options):
    sites, given = site_map(n_options), Sensitivity(0.4, 0.5, 0.3)
    rng = np.random.default_rng(8)
    found = [
        measure_sensitivity(table_of(sites, range(N_DOCUMENTS), given, k, rng), k)
        for k in (Key(rng.bytes(KEY_BYTES)) for _ in range(30))
    ]
    assert np.mean([f.effect for f in found]) == pytest.approx(0.4, abs=0.05)
    assert np.mean([f.noise for f in found]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([f.correlation for f in found]) == pytest.approx(0.3, abs=0.08)


@pytest.mark.parametrize(("noise", "correlation"), [(0.0, 0.0), (1.0, 1.5), (float("nan"), 0.0)])
def test_impossible_tables_are_refused(noise, correlation):
    with pytest.raises(ValueError, match="wanted a noise"):
        Sensitivity(1.0, noise, correlation)

"""The page of the variants: the one in the reports is made of the numbers beside it."""

import json
from pathlib import Path

from pipelines.experiments.standalone.variants_page import describe
from watermark.variants.find import KINDS

MARKS = Path(__file__).parents[4] / "reports/marks"


def test_the_page_of_the_report_is_made_of_its_numbers():
    found = json.loads((MARKS / "variants.json").read_text(encoding="utf-8"))
    page = (MARKS / "variants.md").read_text(encoding="utf-8")
    assert page.startswith(describe(**found))


def test_a_kind_without_sites_or_reader_has_a_row():
    density = {"news": {"documents": 1, "words": 200, "sites": {"percent": 3}}}
    one = {"sites": 3, "draws": 3, "effect": 0.5, "standard_error": 0.1, "z": 5, "pvalue": 0.01}
    effects = {kind: {"sites": 0} for kind in KINDS} | {"percent": one, "all": one}
    effects |= {f"decided by the {what}": one for what in ("corpus", "document")}
    page = describe(density, effects, {"percent": (3, 20)})
    assert "| percent | 1.500 | 3 of 20 (0.03 to 0.38) | 3 | 0.50 ± 0.10 | 0.01 | no |" in page
    assert "| titles | 0.000 | not read | 0 | - | - | no |" in page

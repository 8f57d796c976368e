"""Who may import whom. The lists are meant to be read, and to be changed with care."""

import ast
import importlib
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = ("watermark", "membership", "attacks", "pipelines")
"""Each may import itself and those to its left."""

ONE_FILE_EACH = ("nltk", "spacy", "datasets")
"""Libraries that only one file may import; all other code calls our wrapper."""

MODEL_FILES = {
    "attacks/model/checkpoint.py",
    "attacks/model/distillation.py",
    "attacks/model/dp_sgd.py",
    "attacks/model/gguf_quantization.py",
    "attacks/model/logit_distillation.py",
    "attacks/model/loop.py",
    "attacks/model/losses.py",
    "attacks/model/merging.py",
    "attacks/model/pruning.py",
    "attacks/model/quantization.py",
    "attacks/model/trl_trainer.py",
    "attacks/model/unlearning.py",
    "pipelines/assets/gguf.py",
    "membership/models/marking/context.py",
    "membership/models/marking/encoder.py",
    "membership/models/marking/local_chat.py",
    "membership/models/marking/masked.py",
    "membership/models/local/head.py",
    "membership/models/local/huggingface.py",
    "membership/models/local/lengths.py",
    "membership/models/local/llama_cpp.py",
    "membership/models/local/one_pass.py",
    "membership/models/local/probe.py",
    "membership/models/local/inference_settings.py",
    "membership/models/local/weights.py",
    "pipelines/training/adapters.py",
    "pipelines/training/training.py",
}
"""The files that may import torch or transformers."""

MOST_FILES = 24
"""A folder with more of them is a heap: group them."""

MOST_LINES, MOST_FUNCTION_LINES = 300, 70
"""Of a file, and of a function with its signature and decorators."""

WITHOUT_LOGIC = 40
"""A module with no more lines than this may be tested through those that use it."""

ONE_FILE = "pipelines/bundle/check_bundle.py"
"""The checker of a bundle, which an expert runs by itself: one file, Python and numpy alone."""

TESTED_ELSEWHERE = {
    "membership/models/model_limits.py": "tests/membership/models/test_hostile_folders.py",
    "membership/models/tokenizer_limits.py": "tests/membership/models/test_hostile_folders.py",
    "membership/models/server/pieces.py": "tests/membership/models/server/test_endpoint.py",
    "membership/models/server/probes.py": "tests/membership/models/server/test_hostile_server.py",
    "watermark/limits.py": "tests/watermark/test_safe_json.py",
    "watermark/vault/check_draws.py": "tests/watermark/vault/test_forged_vaults.py",
    "attacks/model/checkpoint.py": "tests/attacks/model/test_weights.py",
    "attacks/model/merging.py": "tests/attacks/model/test_weights.py",
    "attacks/model/quantization.py": "tests/attacks/model/test_weights.py",
    "attacks/text/collusion.py": "tests/attacks/text/test_curation.py",
    "attacks/text/deduplication.py": "tests/attacks/text/test_curation.py",
    "attacks/text/language_filter.py": "tests/attacks/text/test_curation.py",
    "attacks/text/likeliest_synonyms.py": "tests/attacks/text/test_synonyms.py",
    "attacks/text/masked_synonyms.py": "tests/attacks/text/test_synonyms.py",
    "attacks/text/quality_filter.py": "tests/attacks/text/test_curation.py",
    "attacks/text/thesaurus.py": "tests/attacks/text/test_synonyms.py",
    "pipelines/instalments/verify_editions.py": "tests/pipelines/instalments/test_editions.py",
    "pipelines/experiments/attacks.py": "tests/pipelines/experiments/trials/test_attacked.py",
    "pipelines/experiments/attacks_smollm2.py": (
        "tests/pipelines/experiments/trials/test_attacked.py"
    ),
    "pipelines/experiments/attacks_schemes.py": (
        "tests/pipelines/experiments/trials/test_attacked.py"
    ),
    "pipelines/experiments/trials/attack_run.py": (
        "tests/pipelines/experiments/trials/test_attacked.py"
    ),
    "pipelines/experiments/trials/attack_arms.py": (
        "tests/pipelines/experiments/trials/test_attacked.py"
    ),
    "pipelines/experiments/trials/attacks_page.py": (
        "tests/pipelines/experiments/trials/test_attacked.py"
    ),
    "pipelines/experiments/trials/attacks_plot.py": (
        "tests/pipelines/experiments/trials/test_attacked.py"
    ),
    "pipelines/loading/attack_settings.py": "tests/pipelines/jobs/test_attack.py",
    "pipelines/loading/model_attacks.py": "tests/pipelines/jobs/test_attack_model.py",
    "pipelines/loading/text_attacks.py": "tests/pipelines/jobs/test_attack.py",
    "pipelines/bundle/check_bundle.py": "tests/pipelines/bundle/test_bundle.py",
    "pipelines/bundle/write_bundle.py": "tests/pipelines/bundle/test_bundle.py",
    "pipelines/jobs/check.py": "tests/pipelines/bundle/test_bundle.py",
    "pipelines/reporting/judgement.py": "tests/pipelines/jobs/test_challenge.py",
    "membership/audit/challenge.py": "tests/pipelines/jobs/test_challenge.py",
    "watermark/vault/stamps.py": "tests/pipelines/jobs/test_stamp.py",
    "watermark/corpus/arrow_rows.py": "tests/watermark/corpus/test_parquet.py",
    "watermark/marking/review.py": "tests/pipelines/jobs/test_review.py",
    "watermark/schemes/leximark_sites.py": "tests/watermark/schemes/test_leximark.py",
    "watermark/substitution/model_features.py": (
        "tests/watermark/substitution/sources/test_wordnet.py"
    ),
    "watermark/substitution/countability.py": "tests/watermark/substitution/test_objections.py",
    "watermark/substitution/opposites.py": "tests/watermark/substitution/test_objections.py",
    "watermark/substitution/registers.py": "tests/watermark/substitution/test_features.py",
    "watermark/substitution/spelling.py": "tests/watermark/substitution/test_objections.py",
    "watermark/substitution/word_lists.py": "tests/watermark/substitution/test_objections.py",
    "watermark/vault/writer.py": "tests/watermark/marking/test_resuming.py",
    "membership/audit/audit.py": "tests/membership/audit/test_twins.py",
    "membership/choices/cache.py": "tests/membership/models/server/test_chooser.py",
    "membership/choices/local_model.py": "tests/membership/audit/test_word_answers.py",
    "membership/detectors/con_recall.py": "tests/membership/detectors/test_more_passes.py",
    "membership/detectors/neighbourhood.py": "tests/membership/detectors/test_more_passes.py",
    "membership/detectors/pac.py": "tests/membership/detectors/test_more_passes.py",
    "membership/detectors/recall.py": "tests/membership/detectors/test_more_passes.py",
    "membership/detectors/ez.py": "tests/membership/detectors/test_fine_tuned.py",
    "membership/detectors/window_comparison.py": "tests/membership/detectors/test_fine_tuned.py",
    "membership/detectors/ngram_coverage.py": "tests/membership/detectors/test_text_only.py",
    "membership/detectors/samia.py": "tests/membership/detectors/test_text_only.py",
    "membership/evidence/dataset_inference.py": "tests/membership/evidence/test_control.py",
    "membership/models/local/inference_settings.py": (
        "tests/membership/models/local/test_huggingface.py"
    ),
    "membership/models/local/one_pass.py": "tests/membership/models/local/test_huggingface.py",
    "membership/models/local/probe.py": (
        "tests/membership/models/local/test_huggingface_refusals.py"
    ),
    "membership/models/marking/chat.py": "tests/watermark/substitution/sources/test_chat.py",
    "membership/models/server/completions.py": "tests/membership/models/server/test_endpoint.py",
    "membership/models/server/http.py": "tests/membership/models/server/test_endpoint.py",
    "membership/models/server/open_chooser.py": "tests/membership/models/server/test_chooser.py",
    "membership/models/server/prompt_logprobs.py": (
        "tests/membership/models/server/test_endpoint.py"
    ),
    "membership/models/server/text_endpoint.py": "tests/membership/models/server/test_endpoint.py",
    "membership/scoring.py": "tests/membership/audit/test_observations.py",
    "membership/traces/cached_model.py": "tests/membership/traces/test_store.py",
    "membership/traces/suspect_protocol.py": "tests/membership/traces/test_store.py",
    "pipelines/assets/pins.py": "tests/pipelines/assets/test_debian.py",
    "pipelines/experiments/ablations.py": "tests/pipelines/experiments/test_pages.py",
    "pipelines/experiments/laptop.py": "tests/pipelines/experiments/test_pages.py",
    "pipelines/experiments/leximark_finetune.py": (
        "tests/pipelines/experiments/test_paper_grid.py"
    ),
    "pipelines/experiments/leximark_pretrain.py": (
        "tests/pipelines/experiments/test_paper_grid.py"
    ),
    "pipelines/experiments/records_needed.py": "tests/pipelines/experiments/trials/test_lift.py",
    "pipelines/experiments/requirements.py": "tests/pipelines/experiments/test_reproduce.py",
    "pipelines/experiments/runner/experiment.py": "tests/pipelines/experiments/test_reproduce.py",
    "pipelines/experiments/smoke.py": "tests/pipelines/experiments/test_reproduce.py",
    "pipelines/cluster/steps.py": "tests/pipelines/cluster/test_run.py",
    "pipelines/experiments/standalone/proof.py": "tests/pipelines/experiments/test_proof.py",
    "pipelines/experiments/standalone/acceptability_page.py": (
        "tests/pipelines/experiments/test_pages.py"
    ),
    "pipelines/experiments/standalone/query_access_page.py": (
        "tests/pipelines/experiments/test_pages.py"
    ),
    "pipelines/experiments/trials/paper_corpora.py": (
        "tests/pipelines/experiments/test_paper_grid.py"
    ),
    "pipelines/experiments/trials/trial.py": "tests/pipelines/experiments/test_reproduce.py",
    "pipelines/jobs/train.py": "tests/pipelines/training/test_training.py",
    "pipelines/reporting/comparison_page.py": "tests/pipelines/jobs/test_inspect.py",
    "pipelines/reporting/review_page.py": "tests/pipelines/jobs/test_inspect.py",
    "pipelines/reporting/plots.py": "tests/pipelines/jobs/test_verify.py",
    "pipelines/reporting/report.py": "tests/pipelines/jobs/test_verify.py",
    "pipelines/reporting/score_file.py": "tests/pipelines/jobs/test_score.py",
    "pipelines/training/adapters.py": "tests/pipelines/training/test_training.py",
}
"""Modules with logic whose tests are in a file of another name. Do not add to this list."""

RUN_BY_HAND = {
    # They need models, data sets or hours that no test has; the pages and tables that they wrote
    # are in reports/, and a page is held against its table by test_pages.py.
    "pipelines/experiments/standalone/acceptability.py",
    "pipelines/experiments/standalone/acceptability_fit.py",
    "pipelines/experiments/standalone/query_access.py",
    "pipelines/experiments/standalone/plan_check.py",
    "pipelines/experiments/standalone/public_references.py",
    "pipelines/experiments/standalone/served_choices.py",
    "pipelines/experiments/standalone/backends.py",
    "pipelines/experiments/standalone/code_lines.py",
    "pipelines/experiments/standalone/detectors_table.py",
    "pipelines/experiments/standalone/editions.py",
    "pipelines/experiments/standalone/judgements.py",
    "pipelines/experiments/standalone/marks.py",
    "pipelines/experiments/standalone/scale.py",
    "pipelines/experiments/standalone/streams.py",
    "pipelines/experiments/standalone/thesaurus_pairs.py",
    "pipelines/experiments/standalone/variants.py",
    "pipelines/experiments/standalone/word_faults.py",
    "pipelines/experiments/trials/line_samples.py",
    "pipelines/experiments/trials/passages.py",
    "pipelines/experiments/trials/tiny.py",
}

FILES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the top-level package of every import, those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno} has a relative import"
            yield (node.module or "").partition(".")[0]


class AtRunTime(ast.NodeTransformer):
    """Leaves out what is imported for annotations alone."""

    def visit_If(self, node: ast.If) -> ast.If | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else node


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def importers(package: str) -> set[str]:
    return {name(path) for path in FILES if package in imports(AtRunTime().visit(parse(path)))}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_go_one_way(path):
    layer = path.relative_to(ROOT).parts[0]
    above = LAYERS[LAYERS.index(layer) + 1 :]
    assert not set(above) & set(imports(parse(path))), (
        f"{layer} must not import what stands above it"
    )


def folder_imports() -> dict[str, set[str]]:
    """Return for each folder the other folders that its files import, those for types too."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in FILES}
    found: dict[str, set[str]] = {}
    for path in FILES:
        folder = name(path.parent)
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                targets = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                targets += [f"{target}.__init__" for target in targets]
                for target in targets:
                    if target in modules and modules[target].parent != path.parent:
                        found.setdefault(folder, set()).add(name(modules[target].parent))
    return found


def test_no_two_folders_import_each_other_in_a_circle():
    order = TopologicalSorter(folder_imports())
    order.prepare()  # raises CycleError, which names the folders


def test_no_folder_is_a_heap():
    counts = Counter(name(path.parent) for path in FILES)
    assert {folder: n for folder, n in counts.items() if n > MOST_FILES} == {}


def n_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_too_long_to_read():
    long = {name(path): n for path in FILES if (n := n_lines(path)) > MOST_LINES}
    assert long.keys() == {ONE_FILE}


def test_no_function_is_too_long_to_read():
    lengths = {}
    for path in FILES:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                lengths[f"{name(path)}: {node.name}"] = (node.end_lineno or first) - first + 1
    assert {where: n for where, n in lengths.items() if n > MOST_FUNCTION_LINES} == {}


def mirrored(path: Path) -> Path:
    """Return the file that holds the tests of a module."""
    return ROOT / "tests" / path.relative_to(ROOT).with_name(f"test_{path.name}")


def test_every_module_with_logic_has_its_tests_in_the_mirrored_place():
    without = {
        name(path)
        for path in FILES
        if path.name != "__init__.py"
        and n_lines(path) > WITHOUT_LOGIC
        and not mirrored(path).exists()
        and not name(path).startswith("pipelines/commands/")  # options only; jobs have the tests
    }
    assert without == TESTED_ELSEWHERE.keys() | RUN_BY_HAND
    assert {test for test in TESTED_ELSEWHERE.values() if not (ROOT / test).exists()} == set()


@pytest.mark.parametrize("package", ONE_FILE_EACH)
def test_a_library_with_one_door_is_imported_in_one_file(package):
    assert len(importers(package)) <= 1


def test_torch_and_transformers_are_imported_in_the_listed_files_alone():
    assert importers("torch") | importers("transformers") == MODEL_FILES


def test_only_pipelines_prints():
    for path in FILES:
        if path.relative_to(ROOT).parts[0] != "pipelines":
            calls = [n for n in ast.walk(parse(path)) if isinstance(n, ast.Call)]
            names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
            assert "print" not in names, f"{name(path)} prints"


@pytest.mark.parametrize("layer", LAYERS)
def test_our_packages_are_the_ones_that_are_imported(layer):
    found = importlib.import_module(layer).__file__
    assert found == str(ROOT / layer / "__init__.py"), (
        f"`import {layer}` finds {found}, which is not this project; "
        "another distribution of that name is installed: use an environment of its own"
    )


def test_no_other_distribution_shares_our_package_name():
    # A notebook helper on the Python package index is called `watermark` and has that package.
    with pytest.raises(PackageNotFoundError):
        pytest.fail(
            f"the distribution `watermark` {distribution('watermark').version} is installed here, "
            "and its package has the name of ours: run `pip uninstall watermark`, then install "
            "leximark again"
        )

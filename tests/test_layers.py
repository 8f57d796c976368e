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
"""Libraries with one door: what they do is behind a function of ours."""

MODEL_FILES = {
    "attacks/model/checkpoint.py",
    "attacks/model/distillation.py",
    "attacks/model/loop.py",
    "attacks/model/losses.py",
    "attacks/model/merging.py",
    "attacks/model/pruning.py",
    "attacks/model/quantization.py",
    "attacks/model/training.py",
    "attacks/model/unlearning.py",
    "pipelines/assets/gguf.py",
    "membership/models/marking/encoder.py",
    "membership/models/marking/masked.py",
    "membership/models/local/head.py",
    "membership/models/local/huggingface.py",
    "membership/models/local/llama_cpp.py",
    "membership/models/local/one_pass.py",
    "membership/models/local/probe.py",
    "membership/models/local/inference.py",
    "pipelines/training/adapters.py",
    "pipelines/training/training.py",
}
"""The files that may import torch or transformers."""

MOST_FILES = 24
"""A folder with more of them is a heap: group them."""

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

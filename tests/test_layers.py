"""Who may import whom. The lists are meant to be read, and to be changed with care."""

import ast
import importlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = ("watermark", "membership", "attacks", "pipelines")
"""Each may import itself and those to its left."""

ONE_FILE_EACH = ("nltk", "spacy", "datasets")
"""Libraries with one door: what they do is behind a function of ours."""

MODEL_FILES = {
    "pipelines/assets/gguf.py",
    "membership/models/encoder.py",
    "membership/models/masked.py",
    "membership/models/head.py",
    "membership/models/huggingface.py",
    "membership/models/llama_cpp.py",
    "membership/models/one_pass.py",
    "membership/models/probe.py",
    "membership/models/running.py",
    "pipelines/adapters.py",
    "pipelines/training.py",
}
"""The files that may import torch or transformers."""

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

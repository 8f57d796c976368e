"""Open what `--model` and `--reference` name.

A folder or hub id of a causal model, the folder of a LoRA adapter, a GGUF file (`llama.cpp+FILE` to
run it by llama.cpp), or the address of a server (`membership.models.server.address`).
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path

from membership.models.checkpoint import find_checkpoint, fingerprint
from membership.models.dtype import DType
from membership.models.local.adapter import adapter_fingerprint, find_base, is_adapter, load_adapter
from membership.models.local.gguf import gguf_fingerprint, is_gguf, load_gguf
from membership.models.local.huggingface import display_name, load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.models.local.llama_cpp import PREFIX, engine_version, load_llama_cpp
from membership.models.server.address import Address, parse_address
from membership.models.server.endpoint import open_endpoint
from membership.models.server.http import RequestPolicy
from membership.models.server.text_endpoint import open_text_endpoint
from membership.traces.cached_model import open_cached, with_cache
from membership.traces.suspect_protocol import Suspect
from watermark.errors import ModelError

PROBED_TEXTS = 200
"""As many texts are enough to cut probes of a server from."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How models are run and reached; see `InferenceSettings` and `RequestPolicy`."""

    dtype: DType = "auto"
    device: str = "auto"
    max_length: int | None = None
    start_token: str = "auto"
    base: str | None = None
    """Base model of adapters, instead of the one that they name."""
    timeout: float = 120.0
    requests_per_second: float | None = None
    connections: int = 4
    texts: tuple[str, ...] = field(default=(), repr=False)
    """Texts of the audited kind, from which probes of servers are cut."""
    cache: Path | None = None
    """Folder of the traces that were made before; None to make all anew."""
    opener: "Opener | None" = field(default=None, repr=False)
    """Opens models that run elsewhere; None to run them in this process."""

    def inference(self) -> InferenceSettings:
        """Return what concerns models that run here."""
        return InferenceSettings(
            self.dtype, self.device, self.max_length, start_token=self.start_token
        )

    def policy(self) -> RequestPolicy:
        """Return what concerns models behind a server."""
        return RequestPolicy(
            timeout=self.timeout,
            requests_per_second=self.requests_per_second,
            connections=self.connections,
        )


def cache_folder() -> Path:
    """Return where traces are kept: `LEXIMARK_CACHE`, else the user's cache folder."""
    named = os.environ.get("LEXIMARK_CACHE")
    return Path(named) if named else user_cache_path("leximark") / "traces"


def load_models(
    suspect: str, references: Mapping[str, str], options: ModelOptions
) -> tuple[Suspect, dict[str, Suspect]]:
    """Open a suspect, and its references by the names that reports use.

    Raises:
        ModelError: As `load_model`; or `--base` is given and none of the models is an adapter.
    """
    ours = resolve_model(suspect, options)
    others = {name: resolve_model(source, options) for name, source in references.items()}
    if options.base and all(source.kind != "adapter" for source in (ours, *others.values())):
        raise ModelError(
            f"--base {options.base}: none of the models is an adapter (a folder with "
            "adapter_config.json); leave it out, or name it with --reference"
        )
    opened = {name: _open(references[name], each, options) for name, each in others.items()}
    return _open(suspect, ours, options), opened


def load_model(name: str, options: ModelOptions) -> Suspect:
    """Open a suspect or a reference.

    With a cache, a model that runs here is loaded only when it meets a text it has not read.

    Raises:
        ModelError: It cannot or must not be loaded, or its server does not do what is needed.
    """
    return _open(name, resolve_model(name, options), options)


Kind = Literal["server", "llama.cpp", "gguf", "adapter", "checkpoint"]


@dataclass(frozen=True)
class ModelSource:
    """A model that is not loaded yet."""

    kind: Kind
    name: str
    """What to call it in a report."""
    fingerprint: Callable[[], str] | None
    """Hash the files of the model; None for a server, which shows what it is only once opened."""
    load: Callable[[], Suspect]
    engine: str = ""
    """The program that runs it, where that is not transformers."""


Opener = Callable[[str, ModelSource, ModelOptions], Suspect]
"""Opens a model, given what was named and what that stands for."""


def resolve_model(name: str, options: ModelOptions) -> ModelSource:
    """Decide what kind of model a name stands for, and how that kind is hashed and loaded.

    Raises:
        ModelError: The name is a malformed address, or asks llama.cpp for a file it cannot run.
    """
    settings, path = options.inference(), Path(name)
    if address := parse_address(name):
        return ModelSource("server", name, None, lambda: _connect(address, options))
    if name.startswith(PREFIX):
        file = Path(name.removeprefix(PREFIX))
        if not is_gguf(file):
            raise ModelError(f"{name}: there is no file {str(file)!r} in GGUF form (.gguf)")
        return ModelSource(
            "llama.cpp",
            display_name(file),
            lambda: gguf_fingerprint(file),
            lambda: load_llama_cpp(file, settings),
            engine_version(name),
        )
    if is_gguf(path):
        return ModelSource(
            "gguf",
            display_name(path),
            lambda: gguf_fingerprint(path),
            lambda: load_gguf(path, settings),
        )
    if is_adapter(path):
        return ModelSource(
            "adapter",
            display_name(path),
            lambda: adapter_fingerprint(path, find_base(path, options.base)),
            lambda: load_adapter(path, options.base, settings),
        )
    return ModelSource(
        "checkpoint",
        display_name(name),
        lambda: fingerprint(find_checkpoint(name)),
        lambda: load_huggingface(name, settings),
    )


def _open(name: str, source: ModelSource, options: ModelOptions) -> Suspect:
    if options.opener is not None:
        return options.opener(name, source, options)
    if options.cache is None:
        return source.load()
    if source.fingerprint is None:
        return with_cache(source.load(), options.cache)
    engine = f"{source.engine}, " if source.engine else ""
    return open_cached(
        options.cache,
        name=source.name,
        fingerprint=source.fingerprint(),
        request=engine + options.inference().describe(),
        open_model=source.load,
    )


def _connect(address: Address, options: ModelOptions) -> Suspect:
    if address.api != "openai":
        return open_text_endpoint(address, policy=options.policy())
    return open_endpoint(
        address,
        max_length=options.max_length,
        start_token=options.start_token,
        policy=options.policy(),
        texts=options.texts,
    )

"""Open what `--model` and `--reference` name.

A folder or hub id of a causal model, the folder of a LoRA adapter, a GGUF file (`llama.cpp+FILE` to
run it by llama.cpp), or the address of a server (`membership.models.server.address`).
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from membership.models.checkpoint import find_checkpoint, fingerprint
from membership.models.dtype import DType
from membership.models.local.adapter import adapter_fingerprint, find_base, is_adapter, load_adapter
from membership.models.local.gguf import gguf_fingerprint, is_gguf, load_gguf
from membership.models.local.huggingface import display_name, load_huggingface
from membership.models.local.inference import InferenceSettings
from membership.models.local.llama_cpp import PREFIX, engine_version, load_llama_cpp
from membership.models.server.address import Address, parse_address
from membership.models.server.endpoint import open_endpoint
from membership.models.server.http import RequestPolicy
from membership.models.server.text_endpoint import open_text_endpoint
from membership.traces.cached_model import open_cached, with_cache
from membership.traces.suspect import Suspect
from watermark.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """How models are run; see `load_huggingface` and `RequestPolicy`."""

    dtype: DType = "auto"
    device: str = "auto"
    max_length: int | None = None
    start_token: str = "auto"
    base: str | None = None
    """Base model of adapters, instead of the one that they name."""
    timeout: float = 120.0
    requests_per_second: float | None = None
    connections: int = 4
    cache: Path | None = None
    """Folder of the traces that were made before; None to make all anew."""

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


def check_base(names: Iterable[str], options: ModelOptions) -> None:
    """Refuse a base model where nothing stands on it.

    Raises:
        ModelError: None of the models is an adapter.
    """
    if options.base and not any(is_adapter(name) for name in names):
        raise ModelError(
            f"--base {options.base}: none of the models is an adapter (a folder with "
            "adapter_config.json); leave it out, or name it with --reference"
        )


def load_model(name: str, options: ModelOptions) -> Suspect:
    """Open a suspect or a reference.

    With a cache, a model that runs here is loaded only when a text comes that it has not read.

    Raises:
        ModelError: It cannot or must not be loaded, or its server does not do what is needed.
    """
    address = parse_address(name)
    if address is not None:
        model = _behind_server(address, options)
        return with_cache(model, options.cache) if options.cache else model
    if options.cache is None:
        return _load(name, options)
    engine = engine_version(name) + ", " if name.startswith(PREFIX) else ""
    return open_cached(
        options.cache,
        name=display_name(name.removeprefix(PREFIX)),
        fingerprint=_fingerprint(name, options),
        request=engine + options.inference().describe(),
        open_model=lambda: _load(name, options),
    )


def _behind_server(address: Address, options: ModelOptions) -> Suspect:
    if address.api != "openai":
        return open_text_endpoint(address, policy=options.policy())
    return open_endpoint(
        address,
        max_length=options.max_length,
        start_token=options.start_token,
        policy=options.policy(),
    )


def _load(name: str, options: ModelOptions) -> Suspect:
    if name.startswith(PREFIX):
        return load_llama_cpp(_file_of(name), options.inference())
    if is_gguf(name):
        return load_gguf(Path(name), options.inference())
    if is_adapter(name):
        return load_adapter(Path(name), options.base, options.inference())
    return load_huggingface(
        name,
        dtype=options.dtype,
        device=options.device,
        max_length=options.max_length,
        start_token=options.start_token,
    )


def _file_of(name: str) -> Path:
    """Return the GGUF file that llama.cpp is to run."""
    file = Path(name.removeprefix(PREFIX))
    if not is_gguf(file):
        raise ModelError(f"{name}: there is no file {str(file)!r} in GGUF form (.gguf)")
    return file


def _fingerprint(name: str, options: ModelOptions) -> str:
    if name.startswith(PREFIX):
        return gguf_fingerprint(_file_of(name))
    if is_gguf(name):
        return gguf_fingerprint(Path(name))
    if is_adapter(name):
        return adapter_fingerprint(Path(name), find_base(Path(name), options.base))
    return fingerprint(find_checkpoint(name))

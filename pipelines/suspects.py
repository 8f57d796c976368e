"""Open what `--model` and `--reference` name: a folder, a hub id, or a model behind a server."""

from dataclasses import dataclass

from membership.models.address import Address, parse_address
from membership.models.endpoint import open_endpoint
from membership.models.http import Manners
from membership.models.huggingface import DType, load_huggingface
from membership.models.text_endpoint import open_text_endpoint
from membership.trace import Suspect


@dataclass(frozen=True)
class ModelOptions:
    """How models are run; see `load_huggingface` and `Manners`."""

    dtype: DType = "auto"
    device: str = "auto"
    max_length: int | None = None
    start_token: str = "auto"
    timeout: float = 120.0
    requests_per_second: float | None = None
    connections: int = 4


def load_model(name: str, options: ModelOptions) -> Suspect:
    """Open a suspect or a reference.

    Raises:
        ModelError: It cannot or must not be loaded, or its server does not do what is needed.
    """
    address = parse_address(name)
    if address is not None:
        return _behind_server(address, options)
    return load_huggingface(
        name,
        dtype=options.dtype,
        device=options.device,
        max_length=options.max_length,
        start_token=options.start_token,
    )


def _behind_server(address: Address, options: ModelOptions) -> Suspect:
    manners = Manners(
        timeout=options.timeout,
        requests_per_second=options.requests_per_second,
        connections=options.connections,
    )
    if address.door != "openai":
        return open_text_endpoint(address, manners=manners)
    return open_endpoint(
        address,
        max_length=options.max_length,
        start_token=options.start_token,
        manners=manners,
    )

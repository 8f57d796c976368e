import json
from dataclasses import asdict
from typing import Annotated

import typer

from pipelines.commands.options.corpus import VaultArgument


def instalments(
    vault: VaultArgument,
    compromised: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Mark the key of this instalment as compromised: audits leave out every "
            "instalment with that key and say so. It cannot be undone.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the instalments of a vault, after checking their chain.

    The documents that the vault was made with are the instalment `first`.
    """
    from pipelines.instalments.instalments import instalments_command

    listed = instalments_command(vault, compromised)
    if as_json:
        print(json.dumps([asdict(each) for each in listed], indent=2))
        return
    for each in listed:
        note = f"; its key was compromised: {each.compromised}" if each.compromised else ""
        print(
            f"{each.name}: {each.n_documents:,} documents, {each.n_sites:,} sites, key of "
            f"{each.key_since}{note}"
        )

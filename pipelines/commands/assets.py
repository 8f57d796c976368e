import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watermark.assets import asset_dir
from watermark.errors import AssetError

if TYPE_CHECKING:
    from pipelines.assets.install import Asset


def assets(
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            help="Folder to keep the assets in. Default: LEXIMARK_ASSETS, else the user's cache.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Fetch only this asset; may be repeated."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Fetch the optional models too.")
    ] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="List installed and missing assets; fetch nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fetch the language data that the other commands need.

    Without options: WordNet and the English spaCy pipeline, both needed to mark a text. Each comes
    from the first source that works, is checked against pinned hashes, and is skipped if it is
    already installed. No other command downloads language data.
    """
    root = folder.absolute() if folder else asset_dir()
    if root.exists() and not root.is_dir():
        raise AssetError(f"{root} is not a folder; name one with --dir or LEXIMARK_ASSETS")
    chosen = _chosen(only, everything or listing)
    failures = [] if listing else _fetch(chosen, root)
    rows = [_row(asset, root) for asset in chosen]
    print(json.dumps(rows, indent=2) if as_json else "\n".join(map(_paragraph, rows)))
    if failures:
        raise AssetError("\n".join(failures))
    if root != asset_dir() and not listing:
        print(f"Set LEXIMARK_ASSETS={root} for the other commands to find it.", file=sys.stderr)


def _chosen(only: list[str] | None, everything: bool) -> "list[Asset]":
    from pipelines.assets.catalogue import ASSETS

    if not only:
        return [asset for asset in ASSETS if asset.needed or everything]
    by_name = {asset.name: asset for asset in ASSETS}
    if unknown := set(only) - by_name.keys():
        raise typer.BadParameter(f"{min(unknown)}: no such asset; there are {', '.join(by_name)}")
    return [asset for asset in ASSETS if asset.name in only]


def _fetch(chosen: "list[Asset]", root: Path) -> list[str]:
    """Fetch each asset; return those that failed. Errors are reported per source."""
    from pipelines.assets.install import install

    failures = []
    for asset in chosen:
        try:
            install(asset, root, say=lambda line: print(line, file=sys.stderr, flush=True))
        except AssetError as error:
            failures.append(str(error).partition("\n")[0])
    return failures


def _row(asset: "Asset", root: Path) -> dict[str, Any]:
    """Describe an asset and its folder."""
    from pipelines.assets.install import check, folder_bytes

    place = root / asset.name
    row = {
        "name": asset.name,
        "title": asset.title,
        "licence": asset.licence,
        "needed": asset.needed,
        "folder": str(place),
    }
    try:
        receipt = asdict(check(asset, place))
    except AssetError as error:
        return row | {"state": "damaged" if place.exists() else "missing", "reason": str(error)}
    told = {name: receipt[name] for name in ("edition", "taken_from")}
    return row | {"state": "ready", "bytes": folder_bytes(place)} | told


def _paragraph(row: dict[str, Any]) -> str:
    use = "needed" if row["needed"] else "optional"
    lines = [f"{row['name']:<14}{row['state']}, {use}: {row['title']}"]
    if row["state"] == "ready":
        lines.append(f"from {row['taken_from']} ({row['edition']} edition)")
        lines.append(f"in {row['folder']} ({row['bytes'] / 1e6:.1f} MB)")
    elif row["state"] == "damaged":
        lines.append(row["reason"])
    lines.append(f"licence {row['licence']}")
    return f"\n{'':<14}".join(lines)

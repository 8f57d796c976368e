"""Which references an audit uses: those that it names, else the plan's, else public models.

A reference that saw the marked text can only weaken the evidence. The public models cannot have
seen it: their weights are fixed by hash and older than the first version of this program.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from membership.traces.suspect_protocol import Suspect
from pipelines.loading.models import ModelOptions, load_model, load_models
from watermark import assets
from watermark.errors import AssetError
from watermark.vault.plan import Plan


@dataclass(frozen=True)
class References:
    """Reference models that are not loaded yet."""

    sources: Mapping[str, str]
    """What `load_model` opens, by the name that reports use."""
    why: str
    """How they were chosen, for the report."""
    public: bool = False
    """Whether they are public models that nobody named for this audit."""


def choose_references(named: tuple[str, ...] | None, plan: Plan) -> References:
    """Decide on the references of an audit before any model is opened.

    Args:
        named: What the auditor named; empty to use none, None to go by the plan.
        plan: The plan of the vault. One that was made before plans had such a rule is taken to
            allow the public models.
    """
    if named is not None:
        why = "named for this audit" if named else "none, turned off for this audit"
        return References({name: name for name in named}, why)
    if plan.references:
        return References({name: name for name in plan.references}, "named in the plan")
    planned = plan.public_references
    if planned == ():
        return References({}, "none, as the plan says")
    wanted = assets.PUBLIC_LANGUAGE_MODELS if planned is None else planned
    found = {name: folder for name in wanted if (folder := _installed(name))}
    rule = "the plan has no rule" if planned is None else "the plan's rule"
    if not found:
        missing = " ".join(f"--only {name}" for name in wanted)
        return References({}, f"none: no public model is installed (`leximark assets {missing}`)")
    return References(found, f"public models that are installed; {rule}", public=True)


def load_suspect_and_references(
    model: str, chosen: References, options: ModelOptions
) -> tuple[Suspect, dict[str, Suspect], References]:
    """Open a suspect and its references; leave out a public model that is the suspect itself.

    Raises:
        ModelError: A model cannot be loaded.
    """
    suspect, others = load_models(model, chosen.sources, options)
    return suspect, *without_suspect(suspect.fingerprint, others, chosen)


def open_references(
    given: Iterable[str | Path | Suspect] | None, plan: Plan, suspect: Suspect
) -> dict[str, Suspect]:
    """Open references for a suspect that is open already; without any, those of the plan.

    Raises:
        ModelError: A model cannot be loaded.
    """
    options = ModelOptions()
    if given is not None:
        return {
            str(one) if isinstance(one, str | Path) else one.name: (
                load_model(str(one), options) if isinstance(one, str | Path) else one
            )
            for one in given
        }
    chosen = choose_references(None, plan)
    opened = {name: load_model(source, options) for name, source in chosen.sources.items()}
    return without_suspect(suspect.fingerprint, opened, chosen)[0]


def without_suspect(
    fingerprint: str, opened: Mapping[str, Suspect], chosen: References
) -> tuple[dict[str, Suspect], References]:
    """Leave out public models with the suspect's own weights: no difference would be left to test.

    References that the auditor or the plan named are kept, and the audit refuses them.
    """
    same = [name for name, other in opened.items() if other.fingerprint == fingerprint]
    if not (chosen.public and same):
        return dict(opened), chosen
    kept = {name: other for name, other in opened.items() if name not in same}
    why = f"{chosen.why}; without {', '.join(same)}, which is the suspect itself"
    sources = {name: chosen.sources[name] for name in kept}
    return kept, replace(chosen, sources=sources, why=why)


def references_line(used: Mapping[str, Suspect], chosen: References) -> str:
    """Return a line for the report."""
    if not used:
        return f"References: {chosen.why}" if chosen.why.startswith("none") else "References: none"
    return f"References: {', '.join(used)} ({chosen.why})"


def _installed(name: str) -> str:
    try:
        return str(assets.find_model(name))
    except AssetError:
        return ""

"""The domains of a workspace, with their seeds, as they were used last."""

import dataclasses
from collections.abc import Callable

from ..base import access
from ..workspace.workspace import Workspace
from .domains import DEFAULT_DOMAINS, Domain, Seed, as_file, domain_from

_DRAFT = "domains-draft"


@dataclasses.dataclass(frozen=True)
class DraftRow:
    """A domain as it is being edited. was: the saved domain it was, whose seeds it keeps; "" for a new one."""

    was: str
    name: str
    description: str
    share: float = 0.0


def rows_of_domains(domains: tuple[Domain, ...]) -> tuple[DraftRow, ...]:
    """Return saved domains as rows nobody has edited."""
    return tuple(DraftRow(d.name, d.name, d.description, d.share) for d in domains)


def domains_of_rows(rows: tuple[DraftRow, ...], saved: tuple[Domain, ...]) -> tuple[Domain, ...]:
    """Return the domains that rows stand for, unchecked, with the seeds that the saved ones have by now."""
    seeds = {domain.name: domain.seeds for domain in saved}
    return tuple(Domain(row.name, row.description, row.share, seeds.get(row.was, ())) for row in rows)


def domain_draft(workspace: Workspace) -> tuple[DraftRow, ...] | None:
    """Return the domains as they are edited and not saved yet, None where nothing is."""
    held = workspace.ledger.settings().get(_DRAFT)
    return tuple(DraftRow(**row) for row in held["rows"]) if held else None


def keep_draft(workspace: Workspace, rows: tuple[DraftRow, ...] | None) -> None:
    """Keep edits that are not saved yet; None where there are none."""
    if rows != domain_draft(workspace):
        access.require(access.DECIDE)
        values = {} if rows is None else {"rows": [dataclasses.asdict(row) for row in rows]}
        workspace.ledger.set_settings(_DRAFT, values)


def saved_domains(workspace: Workspace) -> tuple[Domain, ...]:
    """Return the domains that the workspace used last, or the paper's four."""
    saved = workspace.ledger.settings().get("domains")
    return tuple(domain_from(entry) for entry in saved["domains"]) if saved else DEFAULT_DOMAINS


def save_in(workspace: Workspace, domains: tuple[Domain, ...]) -> None:
    """Keep domains, their seeds of every state too, in the workspace."""
    access.require(access.DECIDE)
    workspace.ledger.set_settings("domains", as_file(domains))


def change_domain(workspace: Workspace, name: str, seeds_of: Callable[[tuple[Seed, ...]], tuple[Seed, ...]]) -> None:
    """Give the domain called `name` other seeds, made from those it has now."""
    with workspace.lock("domains", "saved"):  # a job may write seeds while a curator keeps some
        domains = saved_domains(workspace)
        changed = [dataclasses.replace(d, seeds=seeds_of(d.seeds)) if d.name == name else d for d in domains]
        save_in(workspace, tuple(changed))


def settle_offered(workspace: Workspace, to: str, domain: str | None = None) -> None:
    """Let every offered seed of the domain of that name, or of all, be "kept" or "refused"."""
    for name in [each.name for each in saved_domains(workspace)] if domain is None else [domain]:
        change_domain(
            workspace,
            name,
            lambda seeds: tuple(dataclasses.replace(s, state=to) if s.state == "offered" else s for s in seeds),
        )


def kept_only(domain: Domain) -> Domain:
    """Return a domain with the seeds that count."""
    return dataclasses.replace(domain, seeds=domain.own)

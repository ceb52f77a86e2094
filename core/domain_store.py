"""The domains of a workspace, with their seeds, as they were used last."""

import dataclasses

from core.domains import DEFAULT_DOMAINS, Domain, domain_as_dict, domain_from
from core.workspace import Workspace


def saved_domains(workspace: Workspace) -> tuple[Domain, ...]:
    """Return the domains that the workspace used last, or the paper's four."""
    saved = workspace.ledger.settings().get("domains")
    return tuple(domain_from(entry) for entry in saved["domains"]) if saved else DEFAULT_DOMAINS


def save_in(workspace: Workspace, domains: tuple[Domain, ...]) -> None:
    """Keep domains, their seeds of every state too, in the workspace."""
    workspace.ledger.set_settings("domains", {"domains": [domain_as_dict(domain) for domain in domains]})


def kept_only(domain: Domain) -> Domain:
    """Return a domain with the seeds that count."""
    return dataclasses.replace(domain, seeds=domain.own)

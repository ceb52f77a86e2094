"""The verb of DaaR: reward, from domain descriptions to a selection."""

import argparse
from pathlib import Path

from core.causal import generate_responses, load_causal
from core.commands import open_pipeline, run_in_workspace
from core.domain_store import kept_only, save_in, saved_domains
from core.domains import Domain, Seed, domain_as_dict, load_domains
from core.embedding import BUNDLED, EmbedParams, SentenceEncoder
from core.pipeline import Pipeline
from core.reward import ASSIGNMENTS, RewardParams
from core.seeds import grow_seeds
from core.selection import SelectionParams
from core.steps import Step


def add_reward(sub: argparse.ArgumentParser) -> None:
    """Declare the options of `reward`."""
    sub.add_argument(
        "--domains", help="a YAML or JSON file of domains: name, description, share, seeds (those used last)"
    )
    sub.add_argument("--budget", default="20%", help="how many records: a count or a percentage (20%%)")
    sub.add_argument(
        "--model", default="", help="a causal language model by path or hub name (the workspace's embeddings)"
    )
    sub.add_argument("--layer", type=int, default=3, help="of that model: whose states feed the probes (3)")
    sub.add_argument(
        "--encoder", default="", help="what descriptions are embedded by where your vectors came from a file"
    )
    sub.add_argument(
        "--assignment", choices=tuple(ASSIGNMENTS), default="clusters", help="of records to domains (clusters)"
    )
    sub.add_argument(
        "--sample", type=int, default=5000, help="records that pseudo-labels and probes are made on (5000)"
    )
    sub.add_argument(
        "--customise", default="", help="a domain to favour: half of its records to a tenth of each other's"
    )
    sub.add_argument("--write-seeds", default="", help="a causal language model that writes 10 seeds a domain")


def reward(arguments: argparse.Namespace) -> None:
    """Run DaaR and select by it."""
    pipeline = open_pipeline(arguments)
    domains = load_domains(Path(arguments.domains)) if arguments.domains else saved_domains(pipeline.workspace)
    if arguments.write_seeds:
        domains = tuple(_write_seeds(domains, arguments))
    save_in(pipeline.workspace, domains)
    params = RewardParams(
        tuple(domain_as_dict(kept_only(domain)) for domain in domains),
        model=arguments.model,
        encoder=arguments.encoder,
        layer=arguments.layer,
        sample=arguments.sample,
        assignment=arguments.assignment,
        seed=arguments.seed,
    )
    selection = SelectionParams(arguments.budget, "daar", seed=arguments.seed, customise=arguments.customise)
    steps = [Step("reward", params.as_dict()), Step("select", selection.as_dict())]
    run_in_workspace(pipeline.workspace, steps, arguments)
    say_reward(open_pipeline(arguments))


def say_reward(pipeline: Pipeline) -> None:
    """Print what the probes learnt, a line a domain, and the selection."""
    info = pipeline.workspace.info("reward", pipeline.current("reward"))
    print(f"{'domain':<24} {'share':>6} {'drift':>6} {'seeds still nearest':>20}")
    for name, share, drift, kept in zip(info["names"], info["shares"], info["drift"], info["seeds_kept"], strict=True):
        print(f"{name[:24]:<24} {share:>6.1%} {drift:>6.2f} {kept:>20.0%}")
    print(f"domain probe: validation accuracy {info['accuracy']:.3f}; reward probe: Spearman {info['spearman']:.3f}")
    for warning in info["warnings"]:
        print(f"warning: {warning}")
    chosen = pipeline.workspace.info("select", pipeline.current("select"))
    print(f"{chosen['n_selected']:,} of {pipeline.workspace.dataset().n_records:,} records selected")


def _write_seeds(domains: tuple[Domain, ...], arguments: argparse.Namespace):
    lm = load_causal(arguments.write_seeds, arguments.device)
    encoder = SentenceEncoder(EmbedParams(BUNDLED), arguments.device)
    for domain in domains:
        grown = grow_seeds(domain, lambda prompt: generate_responses(lm, [prompt], 256)[0], encoder, arguments.seed)
        if grown.why:
            print(f"warning: {grown.why}")
        written = tuple(Seed(seed.text, "generated") for seed in grown.seeds)
        if not written and not domain.seeds:
            print(f"warning: {domain.name} stands by its description alone")
        yield Domain(domain.name, domain.description, domain.share, domain.seeds + written)

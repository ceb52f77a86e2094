"""The verbs of DaaR: seeds, written by a model; reward, from domain descriptions to a selection."""

import argparse
import sys
from pathlib import Path

from ..base.errors import CurationError
from ..base.params import check_count
from ..base.text import counted
from ..daar.domains import Domain, domain_as_dict, load_domains, save_domains
from ..daar.params import ASSIGNMENTS, RewardParams
from ..daar.probe_transfer import carry_probes
from ..daar.saved_domains import kept_only, save_in, saved_domains, settle_offered
from ..daar.seed_generation import TRIES
from ..daar.seed_writing import SeedParams, last_writing
from ..data.targets import check_out
from ..evidence.stability import LEAST_SEEDS, StabilityParams, known_stability
from ..run.pipeline import Pipeline
from ..run.tasks import Step
from ..selection.params import SelectionParams
from ..workspace.workspace import Workspace
from .stages import open_pipeline, run_in_workspace, say_stability

_LEARNING = {"layer": 3, "sample": 5000, "assignment": "clusters"}  # the defaults of what --probes brings along


def add_seeds(sub: argparse.ArgumentParser) -> None:
    """Declare the options of `seeds`."""
    sub.add_argument("--domains", help="a YAML or JSON file of domains (those used last)")
    sub.add_argument("--model", dest="write_seeds", required=True, help="what writes them: see --endpoint")
    _add_writing(sub)
    sub.add_argument("--out", help="write the domains with their seeds to this JSON file, to edit and give to reward")
    sub.add_argument("--keep", action="store_true", help="let all count at once (each waits for a curator)")


def _add_writing(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--endpoint",
        action="store_true",
        help="MODEL is a name at the OpenAI-compatible endpoint (a causal language model by path or hub name)",
    )
    sub.add_argument("--seeds-each", type=int, default=10, help="seeds to write for a domain (10)")
    sub.add_argument("--temperature", type=float, default=0.8, help="of the writing model (0.8)")
    sub.add_argument(
        "--seed-threshold",
        type=float,
        default=0.0,
        help="the cosine from which a written seed repeats an earlier one (0.85, for mathematics 0.9)",
    )
    sub.add_argument("--tries", type=int, default=TRIES, help=f"failures in a row before the writing ends ({TRIES})")


def add_reward(sub: argparse.ArgumentParser) -> None:
    """Declare the options of `reward`."""
    sub.add_argument(
        "--domains", help="a YAML or JSON file of domains: name, description, share, seeds (those used last)"
    )
    sub.add_argument("--budget", default="20%", help="how many records: a count or a percentage (20%%)")
    sub.add_argument(
        "--model", default="", help="a causal language model by path or hub name (the workspace's embeddings)"
    )
    sub.add_argument(
        "--layer", type=int, default=_LEARNING["layer"], help="of that model: whose states feed the probes (3)"
    )
    sub.add_argument(
        "--encoder", default="", help="what descriptions are embedded by where your vectors came from a file"
    )
    sub.add_argument(
        "--assignment",
        choices=tuple(ASSIGNMENTS),
        default=_LEARNING["assignment"],
        help="of records to domains (clusters)",
    )
    sub.add_argument(
        "--sample",
        type=int,
        default=_LEARNING["sample"],
        help="records that pseudo-labels and probes are made on (5000)",
    )
    sub.add_argument(
        "--customise", default="", help="a domain to favour: half of its records to a tenth of each other's"
    )
    sub.add_argument(
        "--stability",
        type=int,
        default=0,
        metavar="DRAWS",
        help="also how alike DRAWS draws of seeds and probes select (no)",
    )
    sub.add_argument("--probes", help="another workspace, whose probes are applied here; nothing is learnt anew")
    sub.add_argument(
        "--write-seeds", default="", metavar="MODEL", help="a model that first writes seeds, all kept (none)"
    )
    _add_writing(sub)


def seeds(arguments: argparse.Namespace) -> None:
    """Let a model write seeds, and show them."""
    pipeline = open_pipeline(arguments)
    sources = pipeline.workspace.sources()
    if arguments.out:
        check_out(Path(arguments.out), sources)
    if arguments.domains:
        _use(pipeline, load_domains(Path(arguments.domains)), arguments.domains)
    _write_seeds(pipeline, arguments)
    if arguments.keep:
        settle_offered(pipeline.workspace, "kept")
    domains = saved_domains(pipeline.workspace)
    for domain in domains:
        print(f"{domain.name}: {len(domain.own):,} kept")
        for seed in domain.seeds:
            print(f"  {seed.state:<8} {' '.join(seed.text.split()) or f'record {seed.row}'}")
    if arguments.out:
        save_domains(domains, Path(arguments.out))
        print(
            f"written to {arguments.out}; set a seed's state to kept or refused, then: reward --domains {arguments.out}"
        )


def reward(arguments: argparse.Namespace) -> None:
    """Run DaaR and select by it."""
    pipeline = open_pipeline(arguments)
    selection = SelectionParams(arguments.budget, "daar", seed=arguments.seed, customise=arguments.customise)
    selection.n_records(pipeline.workspace.dataset().n_records)
    params = _carried_over(arguments) if arguments.probes else _params(pipeline, arguments)
    names = [domain["name"] for domain in params.domains]
    if arguments.customise and arguments.customise not in names:
        raise CurationError(f"--customise is {arguments.customise!r}; the domains are {', '.join(names)}.")
    steps = [Step("reward", params.as_dict()), Step("select", selection.as_dict())]
    asked = None
    if arguments.stability:
        check_count("--stability", arguments.stability, LEAST_SEEDS)
        asked = StabilityParams(selection.as_dict(), arguments.stability)
        steps.append(Step("stability", asked.as_dict()))
    run_in_workspace(pipeline.workspace, steps, arguments)
    say_reward(open_pipeline(arguments))
    if asked:
        say_stability("daar", "daar", known_stability(open_pipeline(arguments), asked))


def _params(pipeline: Pipeline, arguments: argparse.Namespace) -> RewardParams:
    workspace = pipeline.workspace
    domains = load_domains(Path(arguments.domains)) if arguments.domains else saved_domains(workspace)
    _learning(arguments, domains)  # what is wrong is said before anything is replaced
    if arguments.domains:
        _use(pipeline, domains, arguments.domains)
    if arguments.write_seeds:
        _write_seeds(pipeline, arguments)
        settle_offered(workspace, "kept")
    domains = saved_domains(workspace)
    for domain in domains:
        if (waiting := sum(seed.state == "offered" for seed in domain.seeds)) and not domain.own:
            print(
                f"warning: {counted(waiting, 'seed')} of {domain.name} offered, none kept, so none counts",
                file=sys.stderr,
            )
        if arguments.write_seeds and not domain.own:
            print(f"warning: {domain.name} stands by its description alone", file=sys.stderr)
    return _learning(arguments, domains)


def _learning(arguments: argparse.Namespace, domains: tuple[Domain, ...]) -> RewardParams:
    return RewardParams(
        tuple(domain_as_dict(kept_only(domain)) for domain in domains),
        model=arguments.model,
        encoder=arguments.encoder,
        layer=arguments.layer,
        sample=arguments.sample,
        assignment=arguments.assignment,
        seed=arguments.seed,
    )


def _use(pipeline: Pipeline, domains: tuple[Domain, ...], file: str) -> None:
    """Let the domains of a file be the workspace's; say how many settled seeds they replace."""
    n = pipeline.workspace.dataset().n_records
    for domain in domains:
        for seed in domain.seeds:
            if seed.row >= n and not seed.text:
                raise CurationError(
                    f"{file}: a seed of {domain.name} is record {seed.row}; the records are 0 to {n - 1}."
                )
    settled = {
        (d.name, s.text, s.row) for d in saved_domains(pipeline.workspace) for s in d.seeds if s.state != "offered"
    }
    if gone := len(settled - {(d.name, s.text, s.row) for d in domains for s in d.seeds}):
        print(
            f"warning: {counted(gone, 'seed')} that were kept or refused here are not in {file}, which takes their place",
            file=sys.stderr,
        )
    save_in(pipeline.workspace, domains)


def _carried_over(arguments: argparse.Namespace) -> RewardParams:
    own = {
        name: getattr(arguments, name)
        for name in ("domains", "write_seeds", "model", "encoder", "layer", "sample", "assignment")
    }
    usual = {"domains": None, "write_seeds": "", "model": "", "encoder": "", **_LEARNING}
    if given := [f"--{name.replace('_', '-')}" for name, value in own.items() if value != usual[name]]:
        raise CurationError(f"--probes brings along what was learnt elsewhere; leave {', '.join(given)} out.")
    return carry_probes(Pipeline(Workspace(arguments.probes)), Workspace(arguments.workspace))


def _write_seeds(pipeline: Pipeline, arguments: argparse.Namespace) -> None:
    check_count("--seeds-each", arguments.seeds_each, 1)
    params = SeedParams(
        arguments.write_seeds,
        arguments.endpoint,
        n_seeds=arguments.seeds_each,
        temperature=arguments.temperature,
        seed=arguments.seed,
        threshold=arguments.seed_threshold,
        tries=arguments.tries,
    )
    run_in_workspace(pipeline.workspace, [Step("seeds", params.as_dict())], arguments)
    for complaint in last_writing(pipeline.workspace)[1]:
        print(f"warning: {complaint}", file=sys.stderr)


def say_reward(pipeline: Pipeline) -> None:
    """Print what the probes learnt, a line a domain, and the selection."""
    info = pipeline.finished("reward")
    if "from" in info:  # probes of another workspace: nothing was learnt, so nothing drifted
        for name, share in zip(info["names"], info["shares"], strict=True):
            print(f"{name[:24]:<24} {share:>6.1%}")
    else:
        print(f"{'domain':<24} {'share':>6} {'drift':>6} {'seeds still nearest':>20}")
        told = zip(info["names"], info["shares"], info["drift"], info["seeds_kept"], strict=True)
        for name, share, drift, kept in told:
            print(f"{name[:24]:<24} {share:>6.1%} {drift:>6.2f} {kept:>20.0%}")
        accuracy, spearman = ("–" if info[n] is None else f"{info[n]:.3f}" for n in ("accuracy", "spearman"))
        print(f"domain probe: validation accuracy {accuracy}; reward probe: Spearman {spearman}")
    for warning in info["warnings"]:
        print(f"warning: {warning}")
    chosen = pipeline.finished("select")
    for warning in chosen["warnings"]:
        print(f"warning: {warning}")
    print(f"{chosen['n_selected']:,} of {counted(pipeline.workspace.dataset().n_records, 'record')} selected")

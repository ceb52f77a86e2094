"""The verbs of DaaR: seeds, written by a model; reward, from domain descriptions to a selection."""

import argparse
from pathlib import Path

from ..base.errors import CurationError
from ..base.params import check_count, options_of
from ..base.text import counted
from ..daar.domains import Domain, domain_as_dict, load_domains, save_domains
from ..daar.params import USUAL_DRAWS, DaarParams
from ..daar.probe_transfer import carry_probes
from ..daar.saved_domains import kept_only, save_in, saved_domains, settle_offered
from ..daar.seed_writing import SeedParams, last_writing
from ..daar.stage import REWARD
from ..data.targets import check_out
from ..evidence.stability import LEAST_SEEDS, StabilityParams, known_stability
from ..run.pipeline import Pipeline
from ..run.tasks import Step
from ..selection.limits import LimitParams
from ..selection.params import SelectionParams
from ..workspace.workspace import Workspace
from .opening import open_pipeline, run_in_workspace, say_stability, warn
from .options import add_device, add_engine, add_options, given, read
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    sub = verbs.add("seeds", "Let a model write seeds for the domains of DaaR.", seeds)
    sub.add_argument("--domains", help="a YAML or JSON file of domains (those used last)")
    sub.add_argument("--model", dest="write_seeds", required=True, help="what writes them: see --endpoint")
    add_options(sub, SeedParams)
    sub.add_argument("--out", help="write the domains with their seeds to this JSON file, to edit and give to reward")
    sub.add_argument("--keep", action="store_true", help="let all count at once (each waits for a curator)")
    add_device(sub)
    sub = verbs.add("reward", REWARD.help, reward)
    sub.add_argument(
        "--domains", help="a YAML or JSON file of domains: name, description, share, seeds (those used last)"
    )
    add_options(sub, SelectionParams, "budget", "target_domain", budget="20%")
    add_options(sub, LimitParams)
    add_options(sub, DaarParams, draws=USUAL_DRAWS)
    sub.add_argument(
        "--stability",
        type=int,
        default=0,
        metavar="DRAWS",
        help="also how alike DRAWS draws of seeds and probes select (no)",
    )
    sub.add_argument("--probes", help="another workspace, whose probes are applied here; nothing is trained")
    sub.add_argument(
        "--write-seeds", default="", metavar="MODEL", help="a model that first writes seeds, all kept (none)"
    )
    add_options(sub, SeedParams)
    add_device(sub)
    add_engine(sub)


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
    limits = given(arguments, LimitParams)
    asked_for = {"seed": arguments.seed, "target_domain": arguments.target_domain}
    selection = SelectionParams(arguments.budget, "daar", **asked_for, **limits)
    selection.check_size(pipeline.workspace.dataset().n_records)
    params = _carried_over(arguments) if arguments.probes else _params(pipeline, arguments)
    names = _names(pipeline, params)
    if arguments.target_domain and arguments.target_domain not in names:
        raise CurationError(f"--target-domain is {arguments.target_domain!r}; the domains are {', '.join(names)}.")
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


def _names(pipeline: Pipeline, params: DaarParams) -> list[str]:
    """Return the names of the domains that there will be."""
    if params.probes:
        return pipeline.workspace.info("probes", params.probes)["names"]
    if params.labels == "source":
        return list(pipeline.workspace.records().sources()[0])
    return [domain["name"] for domain in params.domains]


def _params(pipeline: Pipeline, arguments: argparse.Namespace) -> DaarParams:
    workspace = pipeline.workspace
    if arguments.labels == "source":
        if arguments.domains or arguments.write_seeds:
            raise CurationError("--labels source takes the data's own labels; leave --domains and --write-seeds out.")
        return _training(arguments, ())
    domains = load_domains(Path(arguments.domains)) if arguments.domains else saved_domains(workspace)
    _training(arguments, domains)  # what is wrong is said before anything is replaced
    if arguments.domains:
        _use(pipeline, domains, arguments.domains)
    if arguments.write_seeds:
        _write_seeds(pipeline, arguments)
        settle_offered(workspace, "kept")
    domains = saved_domains(workspace)
    for domain in domains:
        if (waiting := sum(seed.state == "offered" for seed in domain.seeds)) and not domain.own:
            warn(f"{counted(waiting, 'seed')} of {domain.name} offered, none kept, so none counts")
        if arguments.write_seeds and not domain.own:
            warn(f"{domain.name} stands by its description alone")
    return _training(arguments, domains)


def _training(arguments: argparse.Namespace, domains: tuple[Domain, ...]) -> DaarParams:
    return read(arguments, DaarParams, domains=tuple(domain_as_dict(kept_only(domain)) for domain in domains))


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
        warn(f"{counted(gone, 'seed')} that were kept or refused here are not in {file}, which takes their place")
    save_in(pipeline.workspace, domains)


def _carried_over(arguments: argparse.Namespace) -> DaarParams:
    usual = DaarParams()
    own = {name: value for name, value in given(arguments, DaarParams).items() if value != getattr(usual, name)}
    own.pop("seed", None)
    if own.get("draws") == USUAL_DRAWS:
        del own["draws"]
    own |= {name: True for name in ("domains", "write_seeds") if getattr(arguments, name)}
    if reported := [
        f"--{name.replace('_', '-')}" for name in ("domains", "write_seeds", *options_of(DaarParams)) if name in own
    ]:
        raise CurationError(f"--probes brings along what was trained elsewhere; leave {', '.join(reported)} out.")
    return carry_probes(Pipeline(Workspace(arguments.probes)), Workspace(arguments.workspace))


def _write_seeds(pipeline: Pipeline, arguments: argparse.Namespace) -> None:
    params = read(arguments, SeedParams, model=arguments.write_seeds)
    run_in_workspace(pipeline.workspace, [Step("seeds", params.as_dict())], arguments)
    for complaint in last_writing(pipeline.workspace)[1]:
        warn(complaint)


def say_reward(pipeline: Pipeline) -> None:
    """Print what the probes found, a line a domain, and the selection; of several draws how far they agree."""
    info, chosen = pipeline.finished("reward"), pipeline.finished("select")
    over_draws = chosen.get("draws")
    _say_domains(info, over_draws["shares"] if over_draws else {})
    if "from" not in info:
        accuracy, spearman = ("–" if info[n] is None else f"{info[n]:.3f}" for n in ("accuracy", "spearman"))
        print(f"domain probe: validation accuracy {accuracy}; reward probe: Spearman {spearman}")
    if over_draws:
        _say_draws(info, over_draws)
    for warning in info["warnings"] + chosen["warnings"]:
        print(f"warning: {warning}")
    print(f"{chosen['n_selected']:,} of {counted(pipeline.workspace.dataset().n_records, 'record')} selected")


def _say_domains(info: dict, shares: dict[str, list[float]]) -> None:
    """Print a line a domain. shares: [least, most] that a draw's selection has of each, where there are several."""
    has_seeds = "drift" in info  # not of probes of another workspace, nor of the data's own labels
    title = f"{'domain':<24} {'share':>6}" + (f" {'drift':>6} {'seeds still nearest':>20}" if has_seeds else "")
    print(title + (f" {'selected by a draw':>22}" if shares else ""))
    for k, name in enumerate(info["names"]):
        line = f"{name[:24]:<24} {info['shares'][k]:>6.1%}"
        line += f" {info['drift'][k]:>6.2f} {info['seeds_kept'][k]:>20.0%}" if has_seeds else ""
        print(line + (f" {f'{shares[name][0]:.1%} to {shares[name][1]:.1%}':>22}" if shares else ""))


def _say_draws(info: dict, over_draws: dict) -> None:
    rho, overlap = ([value for *_, value in pairs] for pairs in (info["agreement"], over_draws["overlaps"]))
    print(
        f"{over_draws['n']} draws: Spearman {sum(rho) / len(rho):.2f} on average, {min(rho):.2f} at least; each by itself would "
        f"select {sum(overlap) / len(overlap):.0%} alike on average, {min(overlap):.0%} at least"
    )
    print(
        f"selected surely (by all draws) {over_draws['surely']:,}, perhaps (by half of them) {over_draws['perhaps']:,}, "
        f"hardly {over_draws['hardly']:,}; passed over, though half of the draws take them, {over_draws['passed_over']:,}"
    )

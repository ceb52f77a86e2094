"""Steps of `tests/kill.py`: reading the data, from a hub too, and the stages, each made once."""

from core.base.params import Params
from core.daar.domains import DEFAULT_DOMAINS, Domain, Seed, domain_as_dict, save_domains
from core.daar.saved_domains import save_in, saved_domains
from core.daar.seed_writing import SeedParams, write_seeds
from core.data.records import RecordParams
from core.data.targets import check_out
from core.selection.target.examples import picked
from core.selection.target.params import TargetParams
from core.vectors.overlap.evaluations import evaluations_in
from core.vectors.overlap.params import OverlapParams
from core.workspace.workspace import Workspace
from tests.conftest import TinyEncoder
from tests.kill_case import Case, Counting, Do
from tests.kill_servers import ON_HUB


def stage(name: str, params: Params) -> Do:
    """Return what brings a stage up to date."""

    def run(case: Case) -> None:
        encoder = Counting(case.folder / "encoded") if name == "embed" else TinyEncoder()
        case.pipeline.run(name, params, encoder=encoder, device="cpu")

    return run


def import_data(case: Case) -> None:
    """Read the data into a new workspace."""
    workspace = Workspace(case.folder / "w", create=True)
    workspace.import_data(case.folder / "data.jsonl", RecordParams())


def fetch(case: Case) -> None:
    """Fetch a data set of two files from the hub, and read it into a workspace of its own."""
    Workspace(case.folder / "fetched", create=True).import_data(f"hf://{ON_HUB}", RecordParams())


def domains() -> tuple[dict, ...]:
    """Return domains to be told apart."""
    words = {"baking": "bread oven flour", "coding": "python function list", "garden": "garden soil seeds"}
    return tuple(domain_as_dict(Domain(name, text)) for name, text in words.items())


def target(case: Case) -> None:
    """Let some records be the examples that a selection goes by."""
    rows = picked(case.workspace.records(), range(12))
    stage("targets", TargetParams(**rows))(case)


def overlap(case: Case) -> None:
    """Look for the evaluation's questions among the records."""
    evaluations = evaluations_in([str(case.folder / "eval.jsonl")])
    stage("decontaminate", OverlapParams(evaluations=evaluations))(case)


def seeds(case: Case) -> None:
    """Let a model write seeds for two domains, and write them to a file. Those kept already make each question another one."""
    workspace, out = case.workspace, case.out / "domains.json"
    if saved_domains(workspace) == DEFAULT_DOMAINS:
        kept = {"baking": "bread", "coding": "code"}
        own = {name: tuple(Seed(f"{name} {i}\n{word * i}") for i in range(1, 6)) for name, word in kept.items()}
        save_in(workspace, tuple(Domain(name, name, seeds=texts) for name, texts in own.items()))
    params = SeedParams("a-judge", endpoint=True, n_seeds=3, similarity_threshold=1.0)
    if complaints := write_seeds(workspace, params, encoder=TinyEncoder()):
        raise SystemExit(f"the seeds: {complaints}")
    check_out(out, workspace.sources())
    save_domains(saved_domains(workspace), out)

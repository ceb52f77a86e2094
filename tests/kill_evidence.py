"""Steps of `tests/kill.py`: what speaks for a selection."""

from core.base.files import file_sha256
from core.evidence.ablation.params import AblationParams
from core.evidence.ablation.run import ablate as run_ablation
from core.evidence.embedders import EmbedderParams, compare_embedders
from core.evidence.ground import MeasureParams
from core.evidence.measuring import measure as run_measure
from core.evidence.stability import StabilityParams
from core.evidence.stability import stability as run_stability
from core.export.delivery import selected_rows
from core.selection.params import SelectionParams
from tests.kill_case import Case


def measure(case: Case) -> None:
    """Measure the selection."""
    pipeline = case.pipeline
    run_measure(pipeline, selected_rows(pipeline), MeasureParams(n_random=2), device="cpu")


def stability(case: Case) -> None:
    """Select by other seeds."""
    run_stability(case.pipeline, StabilityParams(SelectionParams("30").as_dict(), 2), device="cpu")


def embedders(case: Case) -> None:
    """Compare with other embeddings of the same records."""
    path = case.folder / "others.npy"
    params = EmbedderParams(file_sha256(path), path.name, neighbors=5, sample=60)
    compare_embedders(case.pipeline, path, params, device="cpu")


def ablate(case: Case) -> None:
    """Train small models on the selection and on others."""
    small = {"steps": 2, "width": 8, "layers": 1, "heads": 1, "context": 16, "vocabulary": 300}
    asked = AblationParams(("random", "kmq"), "30", n_seeds=2, most_seeds=2, held_out=40, small=small)
    run_ablation(case.pipeline, asked, device="cpu")

"""The registry of stages, in the order data meets them, and the results of a workspace by it."""

from ..daar.stage import REWARD
from ..evidence.current import follow_decisions
from ..quality.stage import SCORE
from ..selection.balance.stage import BALANCE
from ..selection.finding.stage import COLUMNS, MEANING, WORDS
from ..selection.stage import SELECT
from ..selection.token_counts import TOKENS
from ..vectors.duplicates.stage import DUPLICATES
from ..vectors.naming.stage import REGIONS
from ..vectors.overlap.stage import DECONTAMINATE
from ..vectors.stage import CLUSTER, EMBED, PROJECT, SUGGEST
from ..vectors.style import STYLE
from ..vectors.topics import NAMES
from ..workspace.results import Results
from ..workspace.workspace import Workspace

STAGES = {
    stage.name: stage
    for stage in (
        EMBED,
        CLUSTER,
        NAMES,
        PROJECT,
        REGIONS,
        SUGGEST,
        SCORE,
        REWARD,
        SELECT,
        WORDS,
        COLUMNS,
        MEANING,
        TOKENS,
        STYLE,
        BALANCE,
        DUPLICATES,
        DECONTAMINATE,
    )
}


class Pipeline(Results):
    """The results of a workspace, by all stages that Winnow has."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, STAGES)


def open_results(workspace: Workspace) -> Pipeline:
    """Return a workspace's results, the current selection brought in line with what was decided since (cheap if it is)."""
    pipeline = Pipeline(workspace)
    follow_decisions(pipeline)
    return pipeline

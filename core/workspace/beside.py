"""Results made beside the current ones, which stay as they are meanwhile; then all of them become current at once."""

from collections.abc import Mapping

from ..base import access
from ..base.params import Params
from .results import Results, Stage
from .workspace import Workspace


class Beside(Results):
    """Results where what is run is current here alone, until `replace`. Nobody else sees half of it, whenever this ends."""

    def __init__(self, workspace: Workspace, stages: Mapping[str, Stage]) -> None:
        super().__init__(workspace, stages)
        self._ran: dict[str, Params] = {}

    def params(self, stage: str) -> Params | None:
        """Return the params that the stage ran with here, else those of the workspace."""
        return self._ran.get(stage) or super().params(stage)

    def remember(self, stage: str, key: str, params: Params) -> None:
        """Keep in mind that `key` is the stage's result here."""
        self._ran[stage] = params
        self.forget()

    def replace(self) -> None:
        """Make all that ran here the workspace's own, in one step."""
        access.require(access.RUN)
        self.workspace.ledger.set_several({stage: params.as_dict() for stage, params in self._ran.items()})
        self.forget()

"""What a push is asked: where to, in which format, and whether it may replace what is there."""

import dataclasses

from ...base.errors import CurationError
from ...base.params import Params, option
from ...data.hub.names import HubName, check_repo

FORMATS = {
    "jsonl": "each record's own bytes, in one file",
    "parquet": "columns with types, in files of some hundred megabytes; refused where the records don't fit that exactly",
}


@dataclasses.dataclass(frozen=True)
class PushParams(Params):
    """repo: "owner/name" of the data set, which is made where it is not there."""

    repo: str = option("", "the data set, as in owner/name", label="Data set on the hub", flag=None)
    format: str = option("jsonl", "of the records' files", label="Format", choices=FORMATS)
    branch: str = option(
        "", "to which branch; a new one begins as the main one is", label="Branch", usual="the main one"
    )
    pull_request: bool = option(
        False, "open a pull request instead of writing to the main branch", label="As a pull request"
    )
    private: bool = option(
        False,
        "where the data set is new: only you may read it",
        label="Private",
        more="Where the data set is new: only you may read it.",
    )
    replace: bool = option(
        False,
        "replace what an earlier push, or somebody else, has put there",
        label="Replace what is there",
        more="Otherwise nothing is written where the branch holds data or a card already. The hub's history keeps it.",
    )
    license: str = option(
        "",
        "the licence, as the hub writes it (apache-2.0, cc-by-4.0, …)",
        label="Licence",
        more="As the hub writes it: apache-2.0, cc-by-4.0, ….",
        usual="as the cards of the sources say",
    )
    unfinished: bool = option(False, "also a run whose rounds are not all selected", label="Also unfinished rounds")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_repo(self.repo)
        if self.branch:
            HubName(self.repo, self.branch)
        if self.branch and self.pull_request:
            raise CurationError(
                f"The branch {self.branch!r} and a pull request can't both be asked for; a pull request is a branch of its own."
            )

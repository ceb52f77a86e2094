"""Where a push goes: the data set and branch as they stand, and whether what is there may be written over."""

import dataclasses
import re

from ...base.errors import CurationError
from ...data.hub.client import asking, endpoint, open_api
from ...data.pool import format_of
from .params import PushParams

_OURS = re.compile(
    r"data/train(-\d{5}-of-\d{5}\.parquet|\.jsonl(\.manifest\.json)?)|winnow/(map|chart)\.(png|svg)|README\.md"
)
_NAMED = 3


@dataclasses.dataclass(frozen=True)
class Target:
    """A data set on a hub that is written to. branch: "" for a new data set's, or a pull request's, main one.

    head: the commit that the push follows. paths: of the files that are there. is_new_branch: whether it is to be made.
    """

    head: str = ""
    paths: tuple[str, ...] = ()
    is_new_branch: bool = False

    def outdated(self, new: set[str]) -> list[str]:
        """Return the files of an earlier push that this one, whose files are `new`, has no more."""
        return [path for path in self.paths if _OURS.fullmatch(path) and path not in new]


def find_target(params: PushParams) -> Target | None:
    """Return where the push goes, None where the data set is to be made. Raises CurationError where it may not be written so."""
    from huggingface_hub import errors, get_token

    if not get_token():
        raise CurationError(
            f"To write to {params.repo} on {endpoint()}, a hub wants a token; set HF_TOKEN to one that may write, before "
            "Winnow is started. It is never stored."
        )
    api = open_api()
    with asking(params.repo, params.branch, "write"):
        try:
            info = api.dataset_info(params.repo)
        except errors.GatedRepoError:
            raise
        except errors.RepositoryNotFoundError:
            return None
        if params.private and not info.private:
            raise CurationError(
                f"{params.repo} is there already and anybody may read it",
                command="push without --private, name another, or make it private on its page.",
                page="push it not as private, name another, or make it private on its page",
            )
        branches = {
            each.name: each.target_commit for each in api.list_repo_refs(params.repo, repo_type="dataset").branches
        }
        head = branches.get(params.branch or "main", info.sha)
        tree = api.list_repo_tree(params.repo, repo_type="dataset", revision=head, recursive=True)
        paths = tuple(file.path for file in tree if hasattr(file, "size"))
    target = Target(head, paths, bool(params.branch) and params.branch not in branches)
    taken = [path for path in paths if format_of(path) or _OURS.fullmatch(path)]
    if taken and not (params.replace or params.pull_request or target.is_new_branch):
        some = ", ".join(taken[:_NAMED]) + (f" and {len(taken) - _NAMED:,} more" if len(taken) > _NAMED else "")
        raise CurationError(
            f"{params.repo} at {params.branch or 'main'} holds data or a card already: {some}",
            command="push to a new one with --branch NAME, as a --pull-request, or say --replace.",
            page="push to a new branch or as a pull request, or say that it is to be replaced",
        )
    return target


def make_target(params: PushParams, found: Target | None) -> Target:
    """Make the data set, or the branch, that is not there yet; return it as it is to be written to."""
    api = open_api()
    with asking(params.repo, params.branch, "write"):
        if found is None:
            # None: as the owner's settings say, which may be private by themselves.
            api.create_repo(params.repo, repo_type="dataset", private=params.private or None)
            found = Target(api.dataset_info(params.repo).sha, is_new_branch=bool(params.branch))
        if found.is_new_branch:
            api.create_branch(params.repo, repo_type="dataset", branch=params.branch, revision=found.head)
    return found

"""What a data set on a hub holds at a revision: its commit, licence, configs and splits; and the choice of one of them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...base.errors import CurationError
from ..pool import Data, as_given, labelled
from ..readers import FORMATS
from .client import asking, endpoint, open_api
from .fetched import Fetched, HubFile
from .layout import Splits, configs_of, default_of, of_one_format
from .names import HubName, is_hub_name

_SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Listing:
    """A data set at a commit. configs: {config: {split: its files' paths}}. default: the config its card means, or "".

    files: by their paths. private: whether only some may read it.
    """

    repo: str
    commit: str
    licence: str
    configs: dict[str, Splits]
    default: str
    files: dict[str, HubFile]
    private: bool = False

    def part(self, config: str, split: str) -> Fetched:
        """Return a split as it will be once it is fetched."""
        there = self.configs[config][split]
        files = tuple(self.files[path] for path in of_one_format(there))
        return Fetched(self.repo, self.commit, config, split, self.licence, files, len(there) - len(files))


def look_up(name: HubName) -> Listing:
    """Ask a hub what a data set holds at a revision. Raises CurationError where it can't be read, or holds no data."""
    from huggingface_hub import RepoFile

    api = open_api()
    with asking(name.repo, name.revision):
        info = api.dataset_info(name.repo, revision=name.revision or None, timeout=_SECONDS)
        tree = api.list_repo_tree(name.repo, repo_type="dataset", revision=info.sha, recursive=True)
        files = {file.path: _file_of(file) for file in tree if isinstance(file, RepoFile)}
    card = info.card_data.to_dict() if info.card_data else {}
    # Hidden files are no data; nor is a path that would lead out of the folder it is fetched into.
    seen = [path for path in files if not any(part.startswith(".") or not part for part in path.split("/"))]
    configs = configs_of(seen, card)
    if not configs:
        code = " Its Python code is never run." if any(path.endswith(".py") for path in files) else ""
        raise CurationError(
            f"{name.repo} on {endpoint()} holds no file that Winnow reads ({', '.join(FORMATS)}).{code} The hub's own conversion "
            "may be there as revision refs/convert/parquet."
        )
    licence = _licence(card)
    return Listing(name.repo, info.sha, licence, configs, default_of(configs, card), files, bool(info.private))


def _file_of(file: Any) -> HubFile:
    """file: RepoFile. What is kept outside git is known by its sha256, the rest by git's own hash."""
    return HubFile(file.path, file.size, file.lfs.sha256 if file.lfs else "", "" if file.lfs else file.blob_id or "")


def _licence(card: Mapping[str, Any]) -> str:
    told = card.get("license") or ""
    return ", ".join(map(str, told)) if isinstance(told, list) else str(told)


def choose(listing: Listing, name: HubName) -> HubName:
    """Return the name of one split at the commit. Raises CurationError, with what there is, where several could be meant."""
    config = _one_of(list(listing.configs), name.config, f"configs of {name.repo}", "config", listing.default)
    splits = list(listing.configs[config])
    split = _one_of(splits, name.split, f"splits of {name.repo}, config {config}", "split")
    return HubName(name.repo, listing.commit, config, split)


def _one_of(there: list[str], asked: str, what: str, option: str, default: str = "") -> str:
    listed = ", ".join(f"{name} (the card's default)" if name == default else name for name in there)
    if asked in there:
        return asked
    if asked:
        raise CurationError(f"{asked!r} is not one of the {what}: {listed}.")
    if len(there) == 1:
        return there[0]
    raise CurationError(
        f"There are several {what}: {listed}",
        command=f"say which with --{option}, or ?{option}=… after its name.",
        page=f"say which, as in ?{option}=… after its name",
    )


def settle(data: Data, config: str = "", split: str = "") -> list[str]:
    """Return the several that `data` names, those on a hub each as one split at a commit, which is asked for.

    config, split: of those that don't say. Raises CurationError.
    """
    settled = []
    for each in as_given(data):
        label, text = labelled(each)
        if is_hub_name(text) and not (name := HubName.parse(text)).is_pinned:
            name = dataclasses.replace(name, config=name.config or config, split=name.split or split)
            text = str(choose(look_up(name), name))
            each = f"{label}={text}" if label else text
        settled.append(each)
    return settled

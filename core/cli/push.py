"""The verb that sends the current selection to a hub."""

import argparse

from ..base.text import counted
from ..evidence.current import current_selection
from ..export.hub.params import PushParams
from ..export.hub.push import last_push
from ..run.tasks import Step
from .opening import open_pipeline, run_in_workspace
from .options import add_device, add_options, given
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    sub = verbs.add("push", "Send the chosen records, their manifest and a card to a hub.", push)
    sub.add_argument("repo", help="the data set on the hub, as in owner/name; it is made where it is not there")
    add_options(sub, PushParams)
    add_device(sub)


def push(arguments: argparse.Namespace) -> None:
    """Push the current selection and say where it is."""
    params = PushParams(arguments.repo, **given(arguments, PushParams))
    pipeline = open_pipeline(arguments)
    title = current_selection(pipeline).title if current_selection(pipeline) else ""
    run_in_workspace(pipeline.workspace, [Step("push", params.as_dict())], arguments)
    made = last_push(pipeline)
    print(f"current selection: {title}")
    where = "as a pull request" if made.is_pull_request else f"to {made.branch}"
    print(f"pushed {counted(made.n_records, 'record')} to {made.repo}, {where}, as commit {made.commit}")
    print(made.url)

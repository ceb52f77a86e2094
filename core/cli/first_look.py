"""The verb re-embed: another embedding, with its clusters and map, in the place of today's, all at once."""

import argparse

from ..run.first_look import REPLACE
from ..run.tasks import Step
from .opening import open_pipeline, run_in_workspace
from .options import add_device, add_engine
from .stages import add_stage_options, params_of
from .verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    summary = "Embed anew and put embeddings, clusters and map in the place of today's, all at once."
    sub = verbs.add("re-embed", summary, re_embed)
    add_stage_options(sub, "embed")
    add_device(sub)
    add_engine(sub)


def re_embed(arguments: argparse.Namespace) -> None:
    """Embed beside what there is, and replace it."""
    params = params_of("embed", arguments)
    pipeline = open_pipeline(arguments)
    pipeline.workspace.dataset()
    run_in_workspace(pipeline.workspace, [Step(REPLACE, params.as_dict())], arguments)

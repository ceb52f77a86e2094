"""Seeds of domains written by a language model, on a workspace: kept domain by domain, offered until a curator keeps them."""

import dataclasses
import itertools
import os
from collections.abc import Callable

from ..base.errors import CurationError
from ..base.params import Params, digest, option
from ..base.progress import Progress, no_progress, part_of
from ..models.causal_lm import generate_responses, load_causal
from ..models.encoder import BUNDLED, Encoder
from ..models.endpoint import Endpoint
from ..models.named_encoders import encoder_of, model_behind
from ..workspace.workspace import Workspace
from .centroids import THRESHOLD
from .domains import Domain, Seed
from .saved_domains import change_domain, saved_domains
from .seed_generation import FULL, TRIES, Write, grow_seeds

VERSION = 1
_MATHEMATICS_THRESHOLD = 0.9


@dataclasses.dataclass(frozen=True)
class SeedParams(Params):
    """What writes seeds, and how many. model: a causal LM by path or hub name; its name at the endpoint where `endpoint`.

    domains: names of those to write for, () for all. temperature: of the model's drawing; at 0 it can only repeat itself.
    max_new_tokens: of one seed.
    similarity_threshold: the cosine from which a seed repeats an earlier one; 0 takes 0.85, and 0.9 for a
    mathematics-like domain, whose problems resemble each other more (the paper's values). tries: failures in a row before
    it ends.
    """

    model: str
    endpoint: bool = option(
        False,
        "MODEL is a name at the OpenAI-compatible endpoint",
        usual="a causal language model by path or hub name",
    )
    domains: tuple[str, ...] = ()
    n_seeds: int = option(FULL, "seeds to write for a domain", least=1, flag="--seeds-each")
    temperature: float = option(0.8, "of the writing model", least=0)
    max_new_tokens: int = option(256, "of one seed", least=1, flag=None)
    seed: int = option(0, "of everything random", least=0)
    similarity_threshold: float = option(
        0.0,
        "the cosine from which a written seed repeats an earlier one",
        least=0,
        most=1,
        flag="--seed-threshold",
        stored="threshold",
        usual="0.85, for mathematics 0.9",
        added=True,
    )
    tries: int = option(TRIES, "failures in a row before the writing ends", least=1, added=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", tuple(self.domains))
        if not self.model:
            raise CurationError(
                "Seeds are written by a model; name one by path or hub name, or by its endpoint's name."
            )
        super().__post_init__()

    def threshold_of(self, domain: Domain) -> float:
        """Return the cosine from which a seed of the domain repeats an earlier one."""
        is_mathematics = "math" in domain.name.lower()
        return self.similarity_threshold or (_MATHEMATICS_THRESHOLD if is_mathematics else THRESHOLD)


def write_seeds(
    workspace: Workspace,
    params: SeedParams,
    progress: Progress = no_progress,
    device: str = "auto",
    encoder: Encoder | None = None,
) -> list[str]:
    """Offer seeds for the workspace's domains; return what went wrong, in words.

    The same params again write nothing new, but where an endpoint fell short it is asked again.

    encoder: of the rejection by likeness, in place of the records' own. Raises CurationError for a name that is no domain.
    """
    domains = saved_domains(workspace)
    if unknown := sorted(set(params.domains) - {domain.name for domain in domains}):
        raise CurationError(f"{unknown[0]!r} is no domain; they are {', '.join(d.name for d in domains)}.")
    wanted = [domain for domain in domains if not params.domains or domain.name in params.domains]
    write: Callable[[int], Write] | None = None
    complaints = []
    for place, domain in enumerate(wanted):
        own = [[seed.text, seed.row] for seed in domain.own]
        about = [domain.name, domain.description, own, _model_of(workspace)]
        where = os.environ.get("OPENAI_BASE_URL", "") if params.endpoint else ""
        key = digest("seeds", VERSION, params.as_dict() | {"domains": []}, about, where)
        with workspace.lock("seeds", key):
            if not workspace.has("seeds", key):
                write = write or _writer(params, device)
                encoder = encoder or encoder_of(_model_of(workspace), device=device)
                within = part_of(progress, place / len(wanted), (place + 1) / len(wanted))
                # Drawn by the domain's own key: a writing that was stopped goes on with the same draws.
                ask = write(int(key, 16) % 2**31)
                grown = grow_seeds(
                    domain,
                    ask,
                    encoder,
                    params.seed,
                    within,
                    params.n_seeds,
                    params.threshold_of(domain),
                    params.tries,
                )
                if grown.failed:
                    _offer(workspace, domain.name, [seed.text for seed in grown.seeds])
                    raise CurationError(f"{grown.why} What was written before is offered.")
                written = {"texts": [seed.text for seed in grown.seeds], "why": grown.why}
                # An endpoint that fell short may do better the next time; a model here would write the same again.
                if not (grown.why and params.endpoint):
                    workspace.save("seeds", key, written)
            else:
                written = workspace.info("seeds", key)
        _offer(workspace, domain.name, written["texts"])
        complaints += [written["why"]] if written["why"] else []
        progress(place + 1, len(wanted))
    workspace.ledger.set_settings("seeds", params.as_dict() | {"complaints": complaints})
    return complaints


def last_writing(workspace: Workspace) -> tuple[SeedParams | None, list[str]]:
    """Return the params that seeds were last written with, or None, and what went wrong then."""
    held = workspace.ledger.settings().get("seeds")
    if held is None:
        return None, []
    complaints = held.pop("complaints")
    return SeedParams.from_dict(held), complaints


def _offer(workspace: Workspace, name: str, texts: list[str]) -> None:
    """Add what the domain has not got, whatever became of it there."""

    def with_offers(seeds: tuple[Seed, ...]) -> tuple[Seed, ...]:
        held = {seed.text for seed in seeds}
        return seeds + tuple(Seed(text, "generated", state="offered") for text in texts if text not in held)

    change_domain(workspace, name, with_offers)


def _model_of(workspace: Workspace) -> str:
    return model_behind(workspace.ledger.settings().get("embed", {}).get("model") or BUNDLED)


def _writer(params: SeedParams, device: str) -> Callable[[int], Write]:
    """Return what makes, for a seed, a function from a prompt to an answer, a different one each time."""
    return _by_endpoint(params) if params.endpoint else _by_model(params, device)


def _by_endpoint(params: SeedParams) -> Callable[[int], Write]:
    endpoint = Endpoint(params.model, "The writer of seeds")
    options = {"temperature": params.temperature, "max_tokens": params.max_new_tokens}

    def write(prompt: str) -> str:
        answer, why = endpoint.ask([{"role": "user", "content": prompt}], lambda text: text, **options)
        if answer is None:
            raise CurationError(f"The writer of seeds does not answer ({why}).")
        return answer

    return lambda seed: write


def _by_model(params: SeedParams, device: str) -> Callable[[int], Write]:
    lm = load_causal(params.model, device)

    def writing(seed: int) -> Write:
        draws = itertools.count(seed)

        def write(prompt: str) -> str:
            how = {"temperature": params.temperature, "seed": next(draws)}
            return generate_responses(lm, [prompt], params.max_new_tokens, **how)[0]

        return write

    return writing

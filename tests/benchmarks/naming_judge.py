"""Judges of cluster names that go by rules: the sources' own task words, and records that no name was made from.

The rules and the words below were written down before any name was looked at, and serve every way of naming alike.
"""

import re
from collections.abc import Sequence

import numpy as np

# What each family of sources is about, from its published description; a source's label adds its own words.
FAMILIES = {
    "adversarial_qa": "reading comprehension passage paragraph",
    "ag_news": "news article world sports business science technology",
    "amazon_polarity": "amazon product customer review sentiment rating",
    "app_reviews": "app android review rating star",
    "cnn_dailymail": "news article story highlight summary",
    "codealpaca": "code coding program programming function algorithm python java javascript html css sql query array string "
    "list class script",
    "common_gen": "concept sentence commonsense scene",
    "commonsense_qa": "commonsense",
    "cosmos_qa": "commonsense everyday narrative blog reading comprehension",
    "dbpedia_14": "dbpedia ontology category company school artist athlete politician transportation building nature village "
    "animal plant album film book",
    "dream": "dialogue conversation",
    "duorc": "movie film plot",
    "gigaword": "news headline title sentence summary",
    "glue_mrpc": "news paraphrase sentence equivalent",
    "glue_qqp": "quora duplicate question",
    "gsm8k": "math arithmetic calculation number total cost price money dollar percent hour",
    "imdb": "movie film review sentiment",
    "kilt_tasks_hotpotqa": "wikipedia trivia fact",
    "multi_news": "news article summary event",
    "paws": "paraphrase sentence rewrite",
    "qasc": "science fact school",
    "quarel": "story science relationship friction speed heat",
    "quartz": "science relationship passage",
    "quoref": "passage wikipedia coreference",
    "ropes": "background situation science passage",
    "rotten_tomatoes": "movie film review sentiment",
    "samsum": "dialogue conversation messenger chat summary",
    "sciq": "science physics chemistry biology",
    "social_i_qa": "social situation feeling emotion",
    "trec": "question category description entity abbreviation human location number",
    "wiki_bio": "biography person wikipedia born",
    "wiki_hop": "wikipedia relation subject object entity",
    "wiki_qa": "wikipedia question",
    "wiqa": "process step effect perturbation",
    "xsum": "news article summary bbc",
    "yelp_review": "yelp restaurant business food service review star rating",
}
# Of a label's words, those that any source could have.
_GENERIC = frozenset(
    "the this that these those with without given give following above below from for and what which how would you was has "
    "its text texts context answer answers choice choices choose options option based original generate direct type read "
    "test template prompt using user use want know make combined label final full first last middle second more can just "
    "only format plain concat having doc task tasks data".split()
)
_WORD = re.compile(r"[a-z]+")


def stems_of(text: str) -> set[str]:
    """Return the stems of a text's words of three letters and more: without possessive and plural, of six letters at most."""
    words = _WORD.findall(re.sub(r"['’]s\b", "", text.lower()))
    return {_singular(word)[:6] for word in words if len(word) >= 3}


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def task_stems(source: str) -> set[str]:
    """Return the stems of a source's task words: its family's, and those of its label that are not any source's."""
    label = source.rpartition("/")[2]
    family = next((words for name, words in FAMILIES.items() if label.startswith(name)), "")
    own = " ".join(word for word in re.split(r"[_\d]+", label.lower()) if word not in _GENERIC)
    return stems_of(f"{own} {family}")


def agreement(names: Sequence[str], shares: np.ndarray, sources: Sequence[str]) -> tuple[float, float]:
    """Return (share of clusters whose name the sources' task words agree with, what names dealt at random would reach).

    A name agrees with a cluster where at least half of its records are of sources that have a word of it among their own.
    shares: (k, n_sources) float, each row the shares of a cluster's records. A name with no word agrees with nothing.
    """
    own = [task_stems(source) for source in sources]
    has_word = np.array([[bool(stems_of(name) & words) for words in own] for name in names], np.float64)
    agrees = has_word @ shares.T >= 0.5  # [name, cluster]
    k = len(names)
    return float(np.diag(agrees).mean()), float((agrees.sum() - np.trace(agrees)) / max(k * (k - 1), 1))


def recognised(names: Sequence[str], held_out: Sequence[Sequence[str]], rivals: np.ndarray) -> float:
    """Return the share of records whose own cluster's name is the best of ten: its own and its cluster's nine rivals.

    Best is the name of whose words the record holds the largest share; names that tie share the point. Chance: 0.1.
    held_out: texts of each cluster that its name was not made from. rivals: (k, 9) clusters.
    """
    words, found = [stems_of(name) for name in names], []
    for cluster, texts in enumerate(held_out):
        for text in texts:
            stems = stems_of(text)
            scores = [len(words[c] & stems) / max(len(words[c]), 1) for c in (cluster, *rivals[cluster].tolist())]
            best = max(scores)
            found.append(scores.count(best) ** -1 if scores[0] == best else 0.0)
    return float(np.mean(found)) if found else float("nan")


def held_share(names: Sequence[str], held_out: Sequence[Sequence[str]]) -> float:
    """Return the mean share of a cluster's records, of those its name was not made from, that hold a word of the name."""
    words = [stems_of(name) for name in names]
    shares = [np.mean([bool(words[c] & stems_of(text)) for text in texts]) for c, texts in enumerate(held_out) if texts]
    return float(np.mean(shares)) if shares else float("nan")


def apart(names: Sequence[str], nearest: np.ndarray) -> float:
    """Return the share of clusters whose name has no word in common with those of its nearest. nearest: (k, m) clusters."""
    words = [stems_of(name) for name in names]
    return float(np.mean([not any(words[c] & words[o] for o in others) for c, others in enumerate(nearest.tolist())]))

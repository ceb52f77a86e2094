"""Names for clusters: the terms that set a cluster's records apart from the others'. Reads texts, changes nothing."""

import collections
import math
import re
from collections.abc import Sequence

import numpy as np

_CJK = "\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af"  # scripts without spaces: two characters stand for a word
# Two hiragana are grammar more often than a word, so a pair is taken of the other characters.
_TERM = re.compile(
    rf"(?![\u3040-\u309f])[{_CJK}](?![\u3040-\u309f])[{_CJK}]|(?![\d_{_CJK}])\w(?:(?![{_CJK}])[\w'+#])*(?![{_CJK}])[\w+#]"
)
_ASCII_TERM = re.compile(r"[a-z][\w'+#]*[\w+#]", re.ASCII)  # the same for plain English, and much faster
_SPECIAL_TOKEN = re.compile(r"<\|?/?[a-z_]+\|?\s*/?>")  # "<|endoftext|>", "<br>"
_TERMS_FROM = 600
# Words that say nothing of a topic, in the languages that instruction data is mostly written in, and those of the genre.
_STOP_WORDS = frozenset(
    """
a about above after again against all also am an and any are aren't as at be because been before being below between both but by
can can't cannot could couldn't did didn't do does doesn't doing don't down during each either else even every few first for from
further get gets give go goes good had hadn't has hasn't have haven't having he he'd he'll he's her here hers herself him himself
his how however i i'd i'll i'm i've if in into is isn't it it's its itself just last let let's like likely made make makes making
many may maybe me might mine more most much must my myself need never next no nor not now of off often on once one only or other
others our ours out over own per put rather really said same say says see she she'd she'll she's should shouldn't since so some
something still such take than that that's the their theirs them themselves then there there's these they they'd they'll they're
they've thing things this those three through to too two under until up upon us use used using usually very want was wasn't way we
we'd we'll we're we've well were weren't what what's when where whether which while who whom whose why will with within without
won't would wouldn't yes yet you you'd you'll you're you've your yours yourself don doesn didn isn wasn aren won ll ve re
around enough keep several best time extra high low day days dear subject check number
answer answers ask assistant choose correct example explain follow following given hello hi know long meaning please provide
question questions says sentence short sure system tell text thanks think user write written ok
das dass dem den der des die ein eine einem einen einer es auch auf aus bei bin bis da damit dann denn du für hat ich ihr im in ist
kann man mehr mein meine mit nach nicht noch nur oder sein seine sich sie sind so um und uns vom von vor war was wenn wer wie wir
wird zu zum zur aber als am an ihre ihren dein deine dir mir mich
al algo aquí bien como con cuando de del desde donde el ella ellos en entre era es esta este esto está están hay la las le les lo
los me mi mis muy más ni no nos o para pero por porque puede puedes que qué se ser si sin sobre son su sus también te tiene todo tu
tus un una unas uno unos y ya cómo ab drei gut ganz etwa schon dos tres come
au aux avec ce ces cette comme comment dans de des donc du elle en est et eux fait il ils je jusqu la le les leur lui ma mais me mes
moi mon même ne nos notre nous on ou où par pas peu peut peux plus pour puis quand que qui quoi sa sans se ses si son sont sur ta te
tes toi ton très tu un une votre vos vous à été être c'est d'un d'une qu'il j'ai n'est l'on
""".split()
)


def sample_for_names(labels: np.ndarray, distances: np.ndarray, per_cluster: int = 24) -> np.ndarray:
    """Return the rows, ascending, of up to `per_cluster` records of each cluster, spread evenly from its middle to its rim.

    Those nearest the middle alone are too often copies of one another. labels: (n,) int, distances: (n,) float.
    """
    order = np.lexsort((distances, labels))
    ordered = labels[order]
    first = np.searchsorted(ordered, ordered, side="left")
    size = np.searchsorted(ordered, ordered, side="right") - first
    rank = np.arange(len(order)) - first
    return np.sort(order[(-rank * per_cluster) % size < per_cluster])


def name_clusters(texts: Sequence[str], labels: np.ndarray, n_clusters: int, n_terms: int = 3) -> list[str]:
    """Return one name a cluster, all different, as in "flour, oven, bake".

    texts[i] belongs to cluster labels[i]. Terms are ranked by class-based TF-IDF (Grootendorst 2022, arXiv 2203.05794):
    tf(term, cluster) * log(1 + A / f(term)), A the mean number of terms a cluster; a term counts once a record. A term in
    less than a sixth of a cluster's texts names it only where nothing better does: it is some record's own subject.
    """
    counts: list[collections.Counter[str]] = [collections.Counter() for _ in range(n_clusters)]
    common = np.bincount(labels, minlength=n_clusters) / 6
    for text, label in zip(texts, np.asarray(labels).tolist(), strict=True):
        counts[label].update(set(_terms(text)))
    overall = _total(counts)
    mean_terms = overall.total() / max(n_clusters, 1)
    rarity = {term: math.log1p(mean_terms / count) for term, count in overall.items()}
    names: list[str] = []
    taken: set[str] = set()
    for cluster, count in enumerate(counts):
        score = {term: held * rarity[term] for term, held in count.items()}
        ranked = sorted(count, key=lambda term: (count[term] < common[cluster], -score[term], term))
        names.append(_free_name(_without_near_repeats(ranked[: n_terms + 9]), cluster, n_terms, taken))
        taken.add(names[-1])
    return names


def _terms(text: str) -> list[str]:
    plain = _SPECIAL_TOKEN.sub(" ", text[:_TERMS_FROM].lower().replace("’", "'"))
    find = _ASCII_TERM if plain.isascii() else _TERM
    return [term for term in find.findall(plain) if term not in _STOP_WORDS]


def _total(counts: list[collections.Counter[str]]) -> collections.Counter[str]:
    total: collections.Counter[str] = collections.Counter()
    for count in counts:
        total.update(count)
    return total


def _free_name(words: list[str], cluster: int, n_terms: int, taken: set[str]) -> str:
    """Return the first words that no other cluster is called by, or at last the cluster's number."""
    for length in range(min(n_terms, len(words)), len(words) + 1):
        name = ", ".join(words[:length])
        if name and name not in taken:
            return name
    return ", ".join([*words[:n_terms], f"cluster {cluster}"])


def _without_near_repeats(words: list[str]) -> list[str]:
    """Drop a word that only extends or shortens one before it: "loops" after "loop"."""
    kept: list[str] = []
    for word in words:
        if not any(
            word.startswith(other[:5]) or other.startswith(word[:5])
            for other in kept
            if min(len(word), len(other)) >= 4
        ):
            kept.append(word)
    return kept

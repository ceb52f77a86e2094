"""What kind of word each is, told by its places: whether it can be the last word of a noun phrase, and whether it names a person.

The frames are English; a word of another language has no place in them, and is taken for what it may be.
"""

import numpy as np

from .tokens import BREAK, NUMBER, Tokens, words_in

_DETERMINERS = frozenset(
    "a an the this that these those his her its their my your our some any each every no another".split()
)
_PREPOSITIONS = frozenset(
    "of in on at for with from by about into between among during through against over under".split()
)
_BEFORE_VERBS = frozenset(
    "i you he she it we they who which to not will would can could should must may might shall don't doesn't didn't won't can't "
    "couldn't wouldn't let's let please".split()
)
_BEFORE_ADJECTIVES = frozenset(
    "is are was were be been being am very so too more most as quite really isn't aren't wasn't".split()
)
_AFTER_VERBS = frozenset("a an the this that these those his her its their my your our me him them us you it".split())
_TITLES = frozenset("mr mrs ms miss dr sir lord lady".split())
USUALLY_CAPITALISED, _OFTEN_CAPITALISED = 0.7, 0.5  # of a word's places inside a sentence
_LEAST_NAMED = 0.25  # of a surname's places that follow a given name or a title


def word_kinds(tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """Return (nounness, verbness), (len(keys),) float in 0..1: how often a word stands where a noun or a verb does.

    Of its places that tell; nounness is 0.5 and verbness 0 where none does. "of W.", "the old W is" speak for a noun; "she Ws",
    "to W", "Ws the" for a verb; "is very W." for an adjective; "the W
    oven" and "loop Ws." a little against a noun.
    """
    words, k = tokens.words, len(tokens.keys)
    before, behind = np.append(BREAK, words[:-1]), np.append(words[1:], BREAK)
    is_content, kind = tokens.is_content, tokens.among
    ends = ~is_content[behind]  # the phrase is over
    opens = kind(_DETERMINERS)[before] | kind(_PREPOSITIONS)[before] | (before == NUMBER)
    verb = kind(_BEFORE_VERBS)[before] | (kind(_AFTER_VERBS)[behind] & ~opens)
    adjective = kind(_BEFORE_ADJECTIVES)[before] & ends
    noun = ends & opens & ~verb
    weak = ends & is_content[before] & ~verb
    modifier = opens & ~ends
    places = (noun, verb, adjective, weak, modifier)
    nouns, verbs, adjectives, weaks, modifiers = (np.bincount(words[at], minlength=k) for at in places)
    told = nouns + verbs + adjectives + 0.15 * weaks + 0.3 * modifiers + 2
    return (nouns + 1) / told, verbs / told


def persons(tokens: Tokens) -> np.ndarray:
    """Return (len(keys),) bool: which words name people: given names, and what often follows one or a title, as in "Mr Ellis"."""
    named = tokens.capitalised >= USUALLY_CAPITALISED
    given = tokens.among(words_in("given_names")) & (tokens.capitalised >= _OFTEN_CAPITALISED)
    first = (given | tokens.among(_TITLES))[np.append(BREAK, tokens.words[:-1])]
    k = len(tokens.keys)
    places = np.bincount(tokens.words, minlength=k)
    follows = np.bincount(tokens.words[first], minlength=k) / np.maximum(places, 1)
    return given | (named & tokens.is_content & (follows >= _LEAST_NAMED))

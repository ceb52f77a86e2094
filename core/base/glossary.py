"""The words of Winnow: one line for each, said the same on every page, on the command line and in CONTRIBUTING.md."""

GLOSSARY = {
    "record": "One entry of the data: a prompt, its response and whatever else the file says of it.",
    "prompt": "What is asked in a record; in a conversation, everything before the last response.",
    "response": "What is answered in a record: what a model that is trained on it learns to say.",
    "source": "Where a record comes from, as a field of the data says.",
    "workspace": "The folder that keeps the records of some data and all that was made of and decided about them.",
    "embedding": "A record's text as a row of numbers; texts that mean alike things have embeddings near each other.",
    "first look": "Embeddings made of the tokens alone within minutes, with clusters and map, until the model's take their place.",
    "cluster": "Records alike in meaning, found by k-means over the embeddings; every record is in just one.",
    "map": "Every record as a point; near points are alike in meaning. Distances on it are rough, and no method reads it.",
    "near-duplicate": "One of several records so alike, in meaning or in words, that one of them is enough.",
    "quality": "One number a record, higher is better, given by a scorer: plain rules, a field of the data, or a model.",
    "score": "To give every record its quality; also the number that was given.",
    "budget": "How many records to select: a count such as 500, a share such as 10%, or tokens such as 2M tokens.",
    "rule": "What some records must or may take of a selection, such as at least 10% from one source; every method keeps to it.",
    "method": "The rule by which records are selected.",
    "selection": "The records chosen to train on. The current one is shown on every page, and is what is exported.",
    "pick": "The records you are looking at: inside a line on the map, found by a search, or of a cluster.",
    "pin": "To decide that a record must be in every selection.",
    "drop": "To decide that a record must not be in any selection.",
    "weight": "What a cluster's share of the budget is multiplied by: 1 is an equal share, 2 twice that.",
    "decision": "What somebody pinned, dropped, weighted or edited; it is signed, and can be taken back at any time.",
    "round": "A part of the budget, selected by the clusters' weights; the feedback on it moves the weights of the next.",
    "run": "Rounds that spend one budget, one after the other.",
    "feedback": "What a model says of a round: the clusters that it still does badly on get more weight.",
    "domain": "A field of knowledge, described in one sentence: mathematics, for example.",
    "entropy": "How hard it is to place a record in one domain: high is between domains, which is what DaaR selects.",
    "target": "What a model is to be good at, shown by examples; the method target selects the records nearest to them.",
    "seed": "A record or text that stands for a domain.",
    "random seed": "The number that everything random is drawn by: the same number gives the same result.",
    "measure": "A figure for a whole selection, of its diversity, its cover of the data or its quality.",
    "random band": "Where the same measure lies for random selections of the same size: inside it is no better than chance.",
    "version": "A selection kept under a name; it never changes.",
    "manifest": "The file beside an export that says how it was made; from it anybody can rebuild the export, byte for byte.",
}


def meaning(word: str) -> str:
    """Return the one line that says what a word means."""
    return GLOSSARY[word]

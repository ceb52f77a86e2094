"""Finding records: by words, by meaning, by filters over what is known of each; all of it in one query."""

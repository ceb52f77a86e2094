"""Near-duplicates: pairs alike in meaning or in words, the groups they make at any threshold, which of each group to keep."""

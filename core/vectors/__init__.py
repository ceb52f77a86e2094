"""From texts to the map: embeddings, neighbours, k-means clusters and their names, the layout in two dimensions."""

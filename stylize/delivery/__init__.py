"""Writers of results: numbered frames, movies and contact sheets."""

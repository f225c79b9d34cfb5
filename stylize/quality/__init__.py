"""Quality report of a result: an HTML page, and the same data as JSON."""

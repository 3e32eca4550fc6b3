"""What may be wrong with a repository's capture, found by looking and by trying, and what mends it. No CLI here."""

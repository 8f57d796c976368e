"""The owner's private folder: plan, key, ledger, originals."""

"""Which word may stand for another, and how well."""

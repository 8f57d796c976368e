"""TEXT: corpora, sites, draws, marks, the vault. Imports no model and nothing else of ours."""

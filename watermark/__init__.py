"""TEXT: corpora, sites, draws, marks and the vault. Imports no model and no other package of ours."""

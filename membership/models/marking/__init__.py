"""Models that judge or propose words for marking; they are never audited."""

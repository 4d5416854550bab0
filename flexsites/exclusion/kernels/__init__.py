"""Faces, the ledger, pieces and verdicts, on arrays and shapes: no table, no configuration."""

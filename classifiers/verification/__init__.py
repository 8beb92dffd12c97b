"""Verification: findings, cases and criteria in; for each criterion what attempts since prove, out."""

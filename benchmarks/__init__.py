"""Measurements of cost per step: how it grows with the length of a run."""

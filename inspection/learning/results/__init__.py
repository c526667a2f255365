"""RESULTS.md: our figures beside every table of the documents, from the evaluations that ship."""

from inspection.learning.results.render import render_results

__all__ = ["render_results"]

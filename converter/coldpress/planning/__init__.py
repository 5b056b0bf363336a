"""Planning: what a bundle will take on Lambda and cost, from what it takes here."""

from .planning import Plan, plan

__all__ = ["Plan", "plan"]

"""Would the batch check notice a wrong gate? Faults put into a design one at a time, each killed or proved harmless."""

from verif.mutation.campaign import mutate
from verif.mutation.report import Mutant, MutationReport

__all__ = ["Mutant", "MutationReport", "mutate"]

"""HTTP of workflow, a file a resource: one call of the unit of work, or one read under the caller's scope."""

from shared.access.tokens import Caller


def own_branch(caller: Caller) -> str | None:
    """The branch of cases that a department's caller sees alone; None for everybody else."""
    return caller.department if caller.role == "department" else None

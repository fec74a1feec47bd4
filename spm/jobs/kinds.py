"""Kinds of job: what stages they have and which functions do the work. Each app registers its own in its `jobs` module.

    job_kind("nightly", label=_("Nightly job"), nightly=True, exclusive="pay", stages=[
        Stage("load", load),                                # load(step) -> dict | None
        Stage("compute", compute_chunk, chunks=compute_plan),  # compute_plan(step) -> list of JSON dicts, one queue task each
        Stage("post", post),
    ])

A handler may be called any number of times for the same stage or chunk, also after it has done all its work: it must be
idempotent. It runs outside any scope, reads under `tenant_scope(step.tenant_id)` and writes under `with step.commit():`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spm.jobs.models import Job
    from spm.jobs.steps import Step

Handler = Callable[["Step"], "dict[str, Any] | None"]
Planner = Callable[["Step"], "Iterable[dict[str, Any]]"]


class UnknownKind(LookupError):
    """No handler is registered for a job's kind, or its stage is not among the kind's stages."""


@dataclass(frozen=True)
class Stage:
    """One stage. With `chunks` the planner is called once, and `run` once per chunk with `step.chunk` set, in parallel.

    A dict returned by `run` is merged into the job's result. One call must end well within the task time limit.
    """

    name: str
    run: Handler
    chunks: Planner | None = None


@dataclass(frozen=True)
class JobKind:
    """See `job_kind`."""

    name: str
    stages: tuple[Stage, ...]
    label: Any = ""
    nightly: bool = False
    exclusive: str = ""
    max_attempts: int = 5
    on_failure: Callable[[Job], None] | None = None
    _by_name: dict[str, Stage] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._by_name.update({stage.name: stage for stage in self.stages})
        if not self.stages or len(self._by_name) != len(self.stages):
            raise ValueError(f"Job kind {self.name!r} needs at least one stage, and each stage a name of its own.")

    def stage(self, name: str) -> Stage:
        """The stage of this name; '' is the first."""
        if not name:
            return self.stages[0]
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownKind(f"Job kind {self.name!r} has no stage {name!r}; it has {', '.join(self._by_name)}.") from None

    def after(self, stage: Stage) -> Stage | None:
        """The next stage, or None after the last."""
        position = self.stages.index(stage) + 1
        return self.stages[position] if position < len(self.stages) else None


_kinds: dict[str, JobKind] = {}


def job_kind(
    name: str,
    *,
    stages: Sequence[Stage],
    label: Any = "",
    nightly: bool = False,
    exclusive: str = "",
    max_attempts: int = 5,
    on_failure: Callable[[Job], None] | None = None,
) -> JobKind:
    """Registers a kind of job.

    nightly: the tick starts one per tenant and local business date, with params {"business_date": "YYYY-MM-DD"}.
    exclusive: of all jobs of a tenant whose kinds name the same group, one at a time is between its start and its end.
    max_attempts: starts without getting further before the job is given up.
    on_failure: called in scope, in the transaction that marks the job failed or given up.
    """
    kind = JobKind(name, tuple(stages), label or name, nightly, exclusive, max_attempts, on_failure)
    if name in _kinds:
        raise ValueError(f"Job kind {name!r} is registered twice.")
    _kinds[name] = kind
    return kind


def job_kind_forget(name: str) -> None:
    """Takes a kind out of the registry; tests that register their own use it."""
    _kinds.pop(name, None)


def job_kind_get(name: str) -> JobKind:
    """The kind of this name; UnknownKind when no app registered it."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"No handler is registered for jobs of kind {name!r}; known kinds: {', '.join(sorted(_kinds)) or 'none'}.") from None


def job_kinds() -> list[JobKind]:
    """All kinds, by name."""
    return [_kinds[name] for name in sorted(_kinds)]


def exclusive_kinds(group: str) -> list[str]:
    """Names of the kinds that share an exclusive group."""
    return [kind.name for kind in job_kinds() if kind.exclusive == group]

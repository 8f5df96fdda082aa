"""Migration state: Tortoise's migrations without rendering models that nobody looks at.

Before each operation Tortoise renders every model anew, in case the operation wants to know how things were, and after
each it builds the queries of every model again. With some two hundred tables that is nine tenths of a first start, and
only renaming and removing ever look back.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from tortoise.migrations.executor import MigrationExecutor, PlanStep
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from gongzhi_server.plugins.confinement import CORE, ConfinedMigration


# This rests on two methods of Tortoise that are not promised: see docs/decisions/deployment.md.
class PluginMigrationExecutor(MigrationExecutor):
    """An executor of migrations that renders models only when they are asked for."""

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        state = await super()._project_state(applied, upto=upto)
        return Projection(state.models, ModelApps(state.apps))

    def _migration_plan(self, *given: Any, **named: Any) -> list[PlanStep]:
        # A plugin's migrations are confined to its own tables; the core's are not.
        plan = super()._migration_plan(*given, **named)
        return [
            step if step.migration.app_label in CORE else replace(step, migration=ConfinedMigration(step.migration))  # type: ignore[arg-type]
            for step in plan
        ]


class Projection(State):
    """The models as migrations left them."""

    def clone(self) -> State:
        # Rendered only if an operation asks for the earlier state, as renaming and removing do.
        return EarlierModels({key: model.clone() for key, model in self.models.items()}, self.apps)


class EarlierModels(State):
    """The models before a migration; the classes are made when somebody looks."""

    def __init__(self, models: dict[tuple[str, str], ModelState], later: StateApps) -> None:
        self.models, self._later = models, later

    @cached_property
    def apps(self) -> StateApps:  # type: ignore[override]
        return self._later.clone(model_states=self.models)


class ModelApps(StateApps):
    """The classes of the models, each with its queries built once: a changed model is another class."""

    def __init__(self, begun: StateApps) -> None:
        super().__init__(begun._default_connections, begun._connections)
        self.apps, self._built = begun.apps, set[type[Model]]()

    def clone(self, model_states: dict[tuple[str, str], ModelState] | None = None) -> StateApps:
        return StateApps(self._default_connections, self._connections).clone(model_states)

    def _build_initial_querysets(self) -> None:
        everything = self.apps
        fresh = {
            label: {name: model for name, model in models.items() if model not in self._built}
            for label, models in everything.items()
        }
        # Tortoise builds the queries of every model again; it is shown only those that are new.
        try:
            self.apps = fresh
            super()._build_initial_querysets()
        finally:
            self.apps = everything
        self._built |= {model for models in fresh.values() for model in models.values() if model._meta._inited}

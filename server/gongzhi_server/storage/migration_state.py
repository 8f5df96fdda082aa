"""Migration state: Tortoise's migrations without rendering models that nobody looks at.

Before each operation Tortoise renders every model anew, in case the operation wants to know how things were, and after
each it builds the queries of every model again. With some two hundred tables that is nine tenths of a first start, and
only renaming and removing ever look back.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.migrations.executor import MigrationExecutor, PlanStep
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from gongzhi_server.plugins.confinement import CORE, ConfinedMigration

RELATIONS = ForeignKeyFieldInstance, ManyToManyFieldInstance


# This rests on methods of Tortoise that are not promised: see docs/decisions/deployment.md.
class PluginMigrationExecutor(MigrationExecutor):
    """An executor of migrations that renders models only when they are asked for."""

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        connections = {
            label: app.get("default_connection", "default") for label, app in self.loader.apps_config.items()
        }
        state = Projection({}, ModelApps(connections))
        for key in (key for key in self._full_plan() if key in applied):
            if key == upto:
                break
            migration = self.loader.graph.nodes[key]
            assert migration, f"{key} has no file"
            await migration.apply(state, dry_run=True, schema_editor=None)
        return state

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
        # Operations put other fields and options into a model, and change none. So the fields are copied, and the
        # classes rendered, only if an operation asks for the earlier state, as renaming and removing do.
        models = {
            key: replace(model, fields=dict(model.fields), options=dict(model.options))
            for key, model in self.models.items()
        }
        return EarlierModels(models, self.apps)


class EarlierModels(State):
    """The models before a migration; the classes are made when somebody looks."""

    def __init__(self, models: dict[tuple[str, str], ModelState], later: StateApps) -> None:
        self.models, self._later = models, later

    @cached_property
    def apps(self) -> StateApps:  # type: ignore[override]
        return EarlierApps(self._later, self.models)


class EarlierApps(StateApps):
    """The classes of earlier models, of which each is made with those that it refers to."""

    def __init__(self, later: StateApps, states: dict[tuple[str, str], ModelState]) -> None:
        super().__init__(later._default_connections, later._connections)
        self._states = states

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        key = self.split_reference(app_label) if model_name is None else (app_label, model_name)
        wanted = [key]
        for label, name in wanted:
            if name not in self.apps.get(label, {}):
                state = self._states[label, name].clone()
                self.register_model(label, state.render(self, deepcopy_fields=False))
                relations = (one for one in state.fields.values() if isinstance(one, RELATIONS))
                wanted += [self.split_reference(one.model_name) for one in relations]
        self._init_relations()
        self._build_initial_querysets()
        return super().get_model(*key)


class ModelApps(StateApps):
    """The classes of the models, each with its queries built once: a changed model is another class."""

    def __init__(self, default_connections: dict[str, str] | None = None) -> None:
        super().__init__(default_connections)
        self._built = set[type[Model]]()

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

"""The tables that say how many runs there are, and the triggers that keep them.

Triggers, because a count has to be exact whoever writes: the hot path's own statements, the ORM of
a site, somebody in the database's shell. The tables are no models of Django's: what flushes or
loads runs is counted by the triggers, and would be counted twice otherwise.

SQLite has one writer at a time, so its triggers change the counts in place. In PostgreSQL the
workers would queue up at such a row; there a trigger notes each change in a row of its own, and
``tally.fold`` adds them up from time to time.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

#: Of the triggers below. A database that has others, or lost them, gets these and is counted anew.
_NAME = "runs_tally_1"
_TABLES = ("runs_tally", "runs_tally_change")
#: What a run is counted by; its hour stands for when it was made.
_COUNTED_BY = ("status", "workflow_id", "resource_id", "created_at")

# --- SQLite ----------------------------------------------------------------------------------


def _sqlite_row(row: str, resource: str) -> str:
    return f"{row}.workflow_id, {resource}, substr({row}.created_at, 1, 13), {row}.status"


_ADD = "ON CONFLICT (workflow_id, resource_id, hour, status) DO UPDATE SET runs = runs + 1;"
_SQLITE_MORE = f"""
    INSERT INTO runs_tally VALUES ({_sqlite_row("NEW", "''")}, 1) {_ADD}
    INSERT INTO runs_tally SELECT {_sqlite_row("NEW", "NEW.resource_id")}, 1
    WHERE NEW.resource_id <> '' {_ADD}"""
_SQLITE_LESS = """
    UPDATE runs_tally SET runs = runs - 1
    WHERE workflow_id = OLD.workflow_id AND resource_id IN ('', OLD.resource_id)
    AND hour = substr(OLD.created_at, 1, 13) AND status = OLD.status;"""
_SQLITE_DIFFERS = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _COUNTED_BY)
_SQLITE_TABLES = (
    """CREATE TABLE IF NOT EXISTS runs_tally (
        workflow_id text NOT NULL, resource_id text NOT NULL, hour text NOT NULL,
        status text NOT NULL, runs integer NOT NULL,
        PRIMARY KEY (workflow_id, resource_id, hour, status)
    ) WITHOUT ROWID""",
)
_SQLITE_TRIGGERS = (
    f"CREATE TRIGGER {_NAME}_insert AFTER INSERT ON runs_run BEGIN {_SQLITE_MORE} END",
    f"""CREATE TRIGGER {_NAME}_update AFTER UPDATE OF {", ".join(_COUNTED_BY)} ON runs_run
    WHEN {_SQLITE_DIFFERS} BEGIN {_SQLITE_LESS} {_SQLITE_MORE} END""",
    f"CREATE TRIGGER {_NAME}_delete AFTER DELETE ON runs_run BEGIN {_SQLITE_LESS} END",
)
_SQLITE_COUNT = f"""
    INSERT INTO runs_tally SELECT {_sqlite_row("run", "''")}, count(*)
    FROM runs_run run GROUP BY 1, 3, 4
    UNION ALL SELECT {_sqlite_row("run", "run.resource_id")}, count(*)
    FROM runs_run run WHERE run.resource_id <> '' GROUP BY 1, 2, 3, 4"""

# --- PostgreSQL ------------------------------------------------------------------------------


def _hour(row: str) -> str:
    return f"to_char({row}.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"


def _postgres_row(row: str) -> str:
    return f"{row}.workflow_id, coalesce({row}.resource_id, ''), {_hour(row)}"


_COLUMNS = """
    workflow_id text COLLATE "C" NOT NULL, resource_id text COLLATE "C" NOT NULL,
    hour text COLLATE "C" NOT NULL"""
_POSTGRES_TABLES = (
    f"""CREATE TABLE IF NOT EXISTS runs_tally (
        {_COLUMNS}, status text COLLATE "C" NOT NULL, runs bigint NOT NULL,
        PRIMARY KEY (workflow_id, resource_id, hour, status)
    )""",
    # Its rows come and go: what is left of them is to be cleared away early.
    f"""CREATE TABLE IF NOT EXISTS runs_tally_change (
        {_COLUMNS}, before text, after text, runs bigint NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)""",
)


def _all_new_or_gone(event: str, rows: str, statuses: str) -> tuple[str, str]:
    """One row for all alike of a statement, so that many runs can be written at once."""
    return (
        f"""CREATE FUNCTION {_NAME}_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO runs_tally_change
        SELECT {_postgres_row("run")}, {statuses}, count(*) FROM changed run
        GROUP BY 1, 2, 3, run.status;
        RETURN NULL;
    END $$""",
        f"""CREATE TRIGGER {_NAME}_{event} AFTER {event} ON runs_run
        REFERENCING {rows} TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION {_NAME}_{event}()""",
    )


_POSTGRES_TRIGGERS = (
    *_all_new_or_gone("insert", "NEW", "NULL, run.status"),
    *_all_new_or_gone("delete", "OLD", "run.status, NULL"),
    f"""CREATE FUNCTION {_NAME}_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (OLD.workflow_id, OLD.resource_id, OLD.created_at)
            IS NOT DISTINCT FROM (NEW.workflow_id, NEW.resource_id, NEW.created_at) THEN
            INSERT INTO runs_tally_change
            VALUES ({_postgres_row("OLD")}, OLD.status, NEW.status, 1);
        ELSE
            INSERT INTO runs_tally_change
            VALUES ({_postgres_row("OLD")}, OLD.status, NULL, 1),
                ({_postgres_row("NEW")}, NULL, NEW.status, 1);
        END IF;
        RETURN NULL;
    END $$""",
    f"""CREATE TRIGGER {_NAME}_update AFTER UPDATE OF {", ".join(_COUNTED_BY)} ON runs_run
    FOR EACH ROW WHEN (({", ".join(f"OLD.{name}" for name in _COUNTED_BY)})
    IS DISTINCT FROM ({", ".join(f"NEW.{name}" for name in _COUNTED_BY)}))
    EXECUTE FUNCTION {_NAME}_update()""",
    f"""CREATE FUNCTION {_NAME}_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM runs_tally;
        DELETE FROM runs_tally_change;
        RETURN NULL;
    END $$""",
    f"""CREATE TRIGGER {_NAME}_truncate AFTER TRUNCATE ON runs_run
    FOR EACH STATEMENT EXECUTE FUNCTION {_NAME}_truncate()""",
)
_POSTGRES_COUNT = f"""
    INSERT INTO runs_tally
    SELECT run.workflow_id, whose.id, {_hour("run")}, run.status, count(*)
    FROM runs_run run, LATERAL (VALUES (''), (nullif(run.resource_id, ''))) whose (id)
    WHERE whose.id IS NOT NULL GROUP BY 1, 2, 3, 4"""

# --- installing ------------------------------------------------------------------------------

_EVENTS = {
    "sqlite": ("insert", "update", "delete"),
    "postgresql": ("insert", "update", "delete", "truncate"),
}
_KNOWN = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'runs_run'",
    "postgresql": "SELECT tgname FROM pg_trigger "
    "WHERE tgrelid = 'runs_run'::regclass AND NOT tgisinternal",
}


def install(database: BaseDatabaseWrapper) -> None:
    """Make tables and triggers and count what is there, unless all of it is done.

    Django's SQLite backend makes a table anew to change it, and its triggers are gone then. So this
    is called after each migration.
    """
    is_sqlite = database.vendor == "sqlite"
    with transaction.atomic(database.alias), database.cursor() as cursor:
        known = _triggers(database, cursor)
        if set(known) == {f"{_NAME}_{event}" for event in _EVENTS[database.vendor]}:
            return
        _remove(cursor, known, database)
        for statement in _SQLITE_TABLES if is_sqlite else _POSTGRES_TABLES:
            cursor.execute(statement)
        for statement in _SQLITE_TRIGGERS if is_sqlite else _POSTGRES_TRIGGERS:
            cursor.execute(statement)
        # From the first trigger on nobody else has written runs: all are counted, none twice.
        cursor.execute(_SQLITE_COUNT if is_sqlite else _POSTGRES_COUNT)


def install_after_migrate(using: str, **_: Any) -> None:
    database = connections[using]
    if "runs_run" in database.introspection.table_names():
        install(database)


def remove(database: BaseDatabaseWrapper) -> None:
    with transaction.atomic(database.alias), database.cursor() as cursor:
        _remove(cursor, _triggers(database, cursor), database)


def _triggers(database: BaseDatabaseWrapper, cursor: Any) -> list[str]:
    cursor.execute(_KNOWN[database.vendor])
    return sorted(name for (name,) in cursor.fetchall() if name.startswith("runs_tally_"))


def _remove(cursor: Any, triggers: list[str], database: BaseDatabaseWrapper) -> None:
    on_table = "" if database.vendor == "sqlite" else " ON runs_run"
    for name in triggers:
        cursor.execute(f"DROP TRIGGER {name}{on_table}")
    if database.vendor == "postgresql":
        for name in triggers:
            cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")
    for table in _TABLES:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")

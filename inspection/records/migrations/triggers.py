"""What makes the database itself refuse to change a record."""

GUARDED = ("records", "facets", "chain_origin")

# Each must hold of a new row. They also stop INSERT OR REPLACE, with which SQLite deletes the old row without
# asking the DELETE trigger.
_SQLITE_NEW_ROWS = {
    "records": "NEW.id = (SELECT COALESCE(MAX(id), 0) + 1 FROM records)"
    " AND NOT EXISTS (SELECT 1 FROM records WHERE uid = NEW.uid)",
    "facets": "NOT EXISTS (SELECT 1 FROM facets WHERE id = NEW.id OR (kind = NEW.kind AND line = NEW.line"
    " AND verdict = NEW.verdict AND class_name = NEW.class_name AND model = NEW.model"
    " AND person = NEW.person AND agrees = NEW.agrees))",
    "chain_origin": "NOT EXISTS (SELECT 1 FROM chain_origin)",
}

_POSTGRESQL_REFUSE = """
CREATE FUNCTION assay_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'records are only ever added to';
END $$
"""
_POSTGRESQL_NEXT = """
CREATE FUNCTION assay_refuse_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> (SELECT COALESCE(MAX(id), 0) + 1 FROM records) THEN
        RAISE EXCEPTION 'records are added one after another';
    END IF;
    RETURN NEW;
END $$
"""


def list_triggers(dialect: str) -> list[str]:
    return _list_sqlite() if dialect == "sqlite" else _list_postgresql()


def _list_sqlite() -> list[str]:
    statements = []
    for table in GUARDED:
        for action in ("UPDATE", "DELETE"):
            statements.append(
                f"CREATE TRIGGER {table}_refuse_{action.lower()} BEFORE {action} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'records are only ever added to'); END"
            )
        statements.append(
            f"CREATE TRIGGER {table}_refuse_replace BEFORE INSERT ON {table} "
            f"WHEN NOT ({_SQLITE_NEW_ROWS[table]}) "
            "BEGIN SELECT RAISE(ABORT, 'records are added one after another'); END"
        )
    return statements


def _list_postgresql() -> list[str]:
    statements = [_POSTGRESQL_REFUSE, _POSTGRESQL_NEXT]
    for table in GUARDED:
        statements.append(
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION assay_refuse_change()"
        )
        statements.append(
            f"CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION assay_refuse_change()"
        )
    statements.append(
        "CREATE TRIGGER records_refuse_gap BEFORE INSERT ON records "
        "FOR EACH ROW EXECUTE FUNCTION assay_refuse_gap()"
    )
    return statements

"""What keeps the counts of the parts that wait: one more or one fewer as they come, go and are answered."""

_ONE_MORE = """
    INSERT INTO review_counts (line, rank, answered_by, n) VALUES (NEW.line, NEW.rank, NEW.answered_by, 1)
    ON CONFLICT (line, rank, answered_by) DO UPDATE SET n = review_counts.n + 1;
"""
_ONE_LESS = """
    UPDATE review_counts SET n = n - 1
    WHERE line = OLD.line AND rank = OLD.rank AND answered_by = OLD.answered_by;
"""
_STEPS = {"INSERT": _ONE_MORE, "DELETE": _ONE_LESS, "UPDATE": _ONE_LESS + _ONE_MORE}


def list_count_triggers(dialect: str) -> list[str]:
    statements = []
    for action, body in _STEPS.items():
        name = f"review_counts_{action.lower()}"
        trigger = f"CREATE TRIGGER {name} AFTER {action} ON review_queue"
        if dialect == "sqlite":
            statements.append(f"{trigger} BEGIN {body} END")
            continue
        statements.append(
            f"CREATE FUNCTION assay_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
        )
        statements.append(f"{trigger} FOR EACH ROW EXECUTE FUNCTION assay_{name}()")
    return statements

"""What puts a record into the review queue, and takes it out again, in the transaction that keeps the record.

A record that waits for a person cannot be forgotten so: not by a process that is killed, nor by another way of writing.
Both databases read the same statements; only what wraps them differs.
"""

# The newest rules hold. A random share is drawn from the record's own uid, which is random and can be drawn again:
# its first half says whether a pass is sampled, its second half whether two people are asked.
TAKE_IN = """
    INSERT INTO review_queue (record_id, line, rank, at_us, wanted, answered_by)
    SELECT NEW.id, f.line,
        CASE WHEN f.verdict = 'REVIEW' THEN 0
             WHEN NEW.novelty_p < r.novelty_p THEN 1
             WHEN NEW.score_0_1 < r.confidence_0_1 THEN 2
             ELSE 3 END,
        NEW.at_us,
        CASE WHEN substr(NEW.uid, 9) < r.second_below THEN 2 ELSE 1 END,
        ''
    FROM facets f, review_rules r
    WHERE f.id = NEW.facet_id AND f.kind = 'inspection'
        AND r.id = (SELECT MAX(id) FROM review_rules)
        AND (f.verdict = 'REVIEW'
            OR (f.verdict IN ('PASS', 'REJECT')
                AND (NEW.novelty_p < r.novelty_p OR NEW.score_0_1 < r.confidence_0_1))
            OR (f.verdict = 'PASS' AND NEW.uid < r.sample_below));
"""
_WHO = "(SELECT person FROM facets WHERE id = NEW.facet_id)"
_DECIDED = "record_id = NEW.of_id AND 'decision' = (SELECT kind FROM facets WHERE id = NEW.facet_id)"
# in this order: the first of two people must not count as the second at once
SETTLE = f"""
    DELETE FROM review_queue WHERE {_DECIDED} AND (wanted = 1 OR answered_by NOT IN ('', {_WHO}));
    UPDATE review_queue SET answered_by = {_WHO} WHERE {_DECIDED} AND answered_by = '';
"""

# Records from before the queue: what a person must look at, and nobody has. The walk goes by facet, on its index.
ADOPT = """
    INSERT INTO review_queue (record_id, line, rank, at_us, wanted, answered_by)
    SELECT r.id, f.line, 0, r.at_us, 1, ''
    FROM facets f CROSS JOIN records r
    WHERE r.facet_id = f.id AND f.kind = 'inspection' AND f.verdict = 'REVIEW'
        AND NOT EXISTS (
            SELECT 1 FROM records d JOIN facets df ON df.id = d.facet_id
            WHERE d.of_id = r.id AND df.kind = 'decision')
"""

_NAMES = {
    "review_takes_in": ("NEW.of_id IS NULL", TAKE_IN),
    "review_settles": ("NEW.of_id IS NOT NULL", SETTLE),
}


def list_review_triggers(dialect: str) -> list[str]:
    statements = []
    for name, (when, body) in _NAMES.items():
        if dialect == "sqlite":
            statements.append(f"CREATE TRIGGER {name} AFTER INSERT ON records WHEN {when} BEGIN {body} END")
            continue
        statements.append(
            f"CREATE FUNCTION assay_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
        )
        statements.append(
            f"CREATE TRIGGER {name} AFTER INSERT ON records FOR EACH ROW WHEN ({when}) "
            f"EXECUTE FUNCTION assay_{name}()"
        )
    return statements

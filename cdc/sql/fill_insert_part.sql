-- Purpose:    Insert some of the other side's rows; those that a unique index refuses are left.
-- Parameters: {into} the table; {names} bare columns; {values} of s; {stage}; $1 places in it (tids as text).
-- Result:     none.
INSERT INTO {into} ({names}) OVERRIDING SYSTEM VALUE
SELECT {values} FROM {stage} AS s WHERE s.ctid = ANY ($1::text[]::tid[]) ON CONFLICT DO NOTHING

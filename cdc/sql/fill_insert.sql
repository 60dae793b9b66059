-- Purpose:    Insert the other side's rows; those that a unique index refuses are left.
-- Parameters: {into} the table; {names} bare columns; {values} of s; {stage}.
-- Result:     none.
INSERT INTO {into} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {stage} AS s ON CONFLICT DO NOTHING

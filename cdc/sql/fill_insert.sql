-- Purpose:    Insert the other side's rows; those that a unique index refuses are left.
-- Parameters: {table}; {names} bare columns; {values} of s; {stage}.
-- Result:     none.
INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {stage} AS s ON CONFLICT DO NOTHING

-- Purpose:    How the suspects of a table without a key differ.
-- Parameters: {suspects}.
-- Result:     one row: here (rows only here), other, both (nothing tells a changed row from two); known.
SELECT coalesce(sum(greatest(coalesce(d.here, 0) - coalesce(d.other, 0), 0)), 0)::bigint AS here,
       coalesce(sum(greatest(coalesce(d.other, 0) - coalesce(d.here, 0), 0)), 0)::bigint AS other,
       0::bigint AS both, 0::bigint AS known
FROM {suspects} AS d WHERE d.stands

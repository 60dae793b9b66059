-- Purpose:    The key of a table as it is now, for the capture functions: what a row that is too large is recorded by.
-- Parameters: relation, the table, or a partition: the key is that of the whole table.
-- Result:     names, the key's columns, null where there is no key; printed, an expression over the row t that gives
--             them as a record's text.
--
-- What cdc.captured_table has is as old as the last installation. The index is chosen as in catalog_relations.sql. Its
-- columns' names are those of now, not those of an old snapshot: pg_get_indexdef() looks them up for itself.
CREATE OR REPLACE FUNCTION cdc.capture_key(relation oid, OUT names text[], OUT printed text)
LANGUAGE plpgsql
AS $key$
#variable_conflict use_variable
BEGIN
    SELECT array_agg(k.name ORDER BY k.place),
           format('ROW(%s)::text', string_agg(format('t.%I', k.name), ', ' ORDER BY k.place)) INTO names, printed
    FROM (
        SELECT i.indexrelid, i.indnkeyatts
        FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
        WHERE i.indrelid = coalesce(pg_partition_root(relation), relation)
          AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS c (attnum, place)
                          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = c.attnum
                          WHERE c.place <= i.indnkeyatts AND NOT a.attnotnull)
        ORDER BY i.indisprimary DESC, i.indimmediate DESC, i.indnkeyatts, x.relname
        LIMIT 1
    ) AS i
    CROSS JOIN LATERAL (
        SELECT p.place, (parse_ident(pg_get_indexdef(i.indexrelid, p.place, false)))[1] AS name
        FROM generate_series(1, i.indnkeyatts::int) AS p (place)
    ) AS k;
    printed := coalesce(printed, 'NULL::text');
END
$key$;

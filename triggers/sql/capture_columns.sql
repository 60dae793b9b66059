-- Purpose:    The names of a table's columns, for the capture functions.
-- Parameters: setting cdc.relation, the table's oid, which they set before they use this.
-- Result:     the names in order; null where they cannot be had this way, and then the slow way is taken.
--
-- The answer changes with every ALTER TABLE, and yet this is said to be immutable: so PostgreSQL asks once, when it
-- plans the statement that this stands in, and keeps the names in the plan. Each trigger has plans of its own, and a plan
-- that reads a transition table is made anew after its table was altered, by whomever.
-- The names come from the row's type, which is looked up as it is now and not as an old snapshot has it.
CREATE OR REPLACE FUNCTION cdc.capture_columns() RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $columns$
DECLARE
    names text[];
BEGIN
    EXECUTE format(
        'SELECT ARRAY(SELECT json_object_keys(row_to_json(r.*)) FROM (SELECT (NULL::%s).*) AS r)',
        current_setting('cdc.relation')::oid::regclass) INTO names;
    RETURN names;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$columns$;

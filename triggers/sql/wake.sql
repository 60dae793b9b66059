-- Purpose:    Wake the sleeping listener when the transaction that calls this commits.
-- Parameters: none.
-- Result:     an empty notification on channel cdc_wake. None is sent while PostgreSQL's notification queue is more than
--             half full (some session listens and never reads): a full queue would fail the application's
--             commit, and the service polls besides.
CREATE OR REPLACE FUNCTION cdc.wake() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $wake$
BEGIN
    IF pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify('cdc_wake', '');
    END IF;
END
$wake$;

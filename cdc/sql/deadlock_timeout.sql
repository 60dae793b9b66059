-- Purpose:    Learn how long somebody waits for a lock until the server looks for a deadlock.
-- Parameters: none.
-- Result:     milliseconds, int.
SELECT (extract(epoch FROM current_setting('deadlock_timeout')::interval) * 1000)::int

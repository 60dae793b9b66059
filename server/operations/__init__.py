"""Operations: what is done to snapshots and databases on demand or by the clock, and the record of it."""

-- Since when a user is suspended; 0 if an earlier version of the program stored it.
ALTER TABLE user_access ADD COLUMN suspended_at INTEGER NOT NULL DEFAULT 0;

-- The appliance itself: one row. Written by the store (open, close, bump,
-- restore) and, for what GetConfig answers, by LastChange.
CREATE TABLE appliance (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    server_id      BLOB    NOT NULL, -- GUID, for life
    lineage        BLOB    NOT NULL, -- GUID, new after every restore
    created        INTEGER NOT NULL,
    seq            INTEGER NOT NULL, -- bumped by every commit that can change an answer
    next_revision  INTEGER NOT NULL, -- the next RevisionID; only ever grows
    clean          INTEGER NOT NULL, -- 1 while closed in order
    backup         INTEGER NOT NULL, -- 1 in a backup file, until it is opened in place
    config_hash    BLOB    NOT NULL, -- of what GetConfig answers
    config_changed INTEGER NOT NULL  -- when that hash last changed
) STRICT;

-- Secrets with a number: what seals cookies, the certificate authority. Written
-- by EnsureKey and RotateKey. The newest of a purpose that is not retired is
-- used, retired ones still open what they sealed.
CREATE TABLE key (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    purpose TEXT    NOT NULL,
    created INTEGER NOT NULL,
    retired INTEGER,
    secret  BLOB    NOT NULL
) STRICT;
CREATE INDEX key_purpose ON key (purpose, id);

-- What people and commands did. Written by Audit, and by AuditInTx with the act
-- itself; never changed.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    time    INTEGER NOT NULL,
    who     TEXT    NOT NULL,
    via     TEXT    NOT NULL, -- the door: cli, api, console, daemon
    action  TEXT    NOT NULL, -- update.approve
    subject TEXT    NOT NULL, -- what it was done to
    detail  TEXT    NOT NULL, -- JSON object
    outcome TEXT    NOT NULL  -- done, refused, failed
) STRICT;
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_subject ON audit (subject, id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;

-- Groups of devices, a tree below All Computers. Written by the acts of an
-- administrator; the built-in ones by this migration.
CREATE TABLE device_group (
    id      BLOB    PRIMARY KEY, -- GUID
    parent  BLOB    REFERENCES device_group (id), -- NULL for All Computers only
    name    TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    builtin INTEGER NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO device_group (id, parent, name, builtin, created) VALUES
    (x'a0a087464dbe4a379adf9e7652c0b421', NULL, 'All Computers', 1, 0),
    (x'b73ca6ed572747f384de015e03f6a88a', x'a0a087464dbe4a379adf9e7652c0b421', 'Unassigned Computers', 1, 0);

-- Sets of groups, and of holds, that devices have or had. A row is never changed
-- or deleted: cookies name it. Written where a device gets a set that is new.
CREATE TABLE group_set (
    id     INTEGER PRIMARY KEY,
    groups BLOB    NOT NULL UNIQUE -- for each group its GUID and its depth, 17 bytes
) STRICT;
CREATE TABLE hold_set (
    id    INTEGER PRIMARY KEY,
    holds BLOB    NOT NULL UNIQUE -- the GUIDs of the held updates; a zero GUID holds all
) STRICT;
INSERT INTO hold_set (id, holds) VALUES (0, x'');

-- Machines. Written when one logs in or registers, and by acts.
CREATE TABLE device (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id    TEXT    UNIQUE, -- SusClientID, lower case; NULL for one that only OMA DM knows
    name         TEXT    NOT NULL COLLATE NOCASE, -- DNS name as last claimed
    enrolled     INTEGER NOT NULL DEFAULT 0, -- 1 where OMA DM vouches for the name
    registered   INTEGER NOT NULL DEFAULT 0, -- 1 once it described itself
    server       INTEGER NOT NULL DEFAULT 0, -- 1 for a server edition
    facts        TEXT    NOT NULL DEFAULT '{}', -- what it said of itself, JSON of update.Computer
    requested    TEXT    NOT NULL DEFAULT '[]', -- group names that it asked for, JSON
    group_set    INTEGER NOT NULL REFERENCES group_set (id),
    hold_set     INTEGER NOT NULL REFERENCES hold_set (id),
    address      TEXT    NOT NULL,
    first_seen   INTEGER NOT NULL,
    last_seen    INTEGER NOT NULL, -- within the hour
    last_scan    INTEGER NOT NULL DEFAULT 0,
    last_report  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX device_name ON device (name);

-- The groups that a device was put into. Written with it.
CREATE TABLE device_member (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    group_id  BLOB    NOT NULL REFERENCES device_group (id),
    PRIMARY KEY (device_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_member_group ON device_member (group_id);

-- What is held back on a device. Written by acts.
CREATE TABLE hold (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    update_id BLOB    NOT NULL, -- zero GUID: every update
    reason    TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    PRIMARY KEY (device_id, update_id)
) STRICT, WITHOUT ROWID;

-- The names and client ids that a device went by, with when. Written when one
-- logs in under another than before. Two names that take turns are two machines
-- with one id: a cloned image.
CREATE TABLE device_alias (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    kind      TEXT    NOT NULL CHECK (kind IN ('name', 'client')),
    value     TEXT    NOT NULL COLLATE NOCASE,
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    returns   INTEGER NOT NULL, -- how often it came back after another
    PRIMARY KEY (device_id, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_alias_value ON device_alias (kind, value);

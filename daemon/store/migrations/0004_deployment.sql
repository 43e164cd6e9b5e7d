-- What is to happen to an update on the devices of a group. Written by acts, and
-- by the readiness job, which keeps waiting. A deleted row stays for 90 days, so
-- that clients unlearn it.
CREATE TABLE deployment (
    id        INTEGER PRIMARY KEY AUTOINCREMENT, -- the deployment id on the wire
    update_id BLOB    NOT NULL,
    group_id  BLOB    NOT NULL, -- no foreign key: it outlives the group as a tombstone
    action    TEXT    NOT NULL CHECK (action IN ('Install', 'Uninstall', 'Block')),
    deadline  INTEGER NOT NULL, -- 0 for none
    origin    TEXT    NOT NULL CHECK (origin IN ('hand', 'rule', 'deployment')),
    waiting   INTEGER NOT NULL, -- 1 while files are missing or a EULA is not accepted
    paused    INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    seq       INTEGER NOT NULL, -- of the commit that last changed what clients are told
    deleted   INTEGER           -- when; NULL while it stands
) STRICT;
CREATE UNIQUE INDEX deployment_standing ON deployment (update_id, group_id) WHERE deleted IS NULL;
CREATE INDEX deployment_group ON deployment (group_id) WHERE deleted IS NULL;
CREATE INDEX deployment_deleted ON deployment (deleted) WHERE deleted IS NOT NULL;

-- Up to which seq tombstones were purged. Written with the purge.
CREATE TABLE tombstone_horizon (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO tombstone_horizon (id, seq) VALUES (1, 0);

-- Updates that no device is offered. Written by acts.
CREATE TABLE decline (
    update_id BLOB    PRIMARY KEY,
    created   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- License terms that were accepted, for all updates that name them. Written by acts.
CREATE TABLE eula (
    id      BLOB    PRIMARY KEY, -- GUID, the EulaID of updates
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

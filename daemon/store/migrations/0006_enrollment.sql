-- People who may enrol devices. Written by acts.
CREATE TABLE enroll_account (
    name        TEXT    PRIMARY KEY COLLATE NOCASE,
    display     TEXT    NOT NULL,
    hash        TEXT    NOT NULL, -- of the password, as daemon/credential writes it
    max_devices INTEGER NOT NULL, -- enrolled at a time; 0 for no limit
    expires     INTEGER NOT NULL, -- 0 for never
    disabled    INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    made_by     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Secrets that enrol a number of devices. Written by acts; uses_left by enrolling.
CREATE TABLE enroll_token (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    label     TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    hash      BLOB    NOT NULL UNIQUE, -- SHA-256 of the secret, which is random
    uses      INTEGER NOT NULL,        -- in all
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
    expires   INTEGER NOT NULL,        -- 0 for never
    revoked   INTEGER,                 -- when; NULL while it is good
    created   INTEGER NOT NULL,
    made_by   TEXT    NOT NULL
) STRICT;

-- The groups that the devices of a token are put into. Written with it.
CREATE TABLE enroll_token_group (
    token_id INTEGER NOT NULL REFERENCES enroll_token (id) ON DELETE CASCADE,
    group_id BLOB    NOT NULL REFERENCES device_group (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX enroll_token_group_group ON enroll_token_group (group_id);

-- Devices that were enrolled, one row an enrollment; a device has at most one
-- that goes on. Written when one enrols, and when it ends; what polls tell
-- (last_poll, address) in groups.
CREATE TABLE enrollment (
    no          INTEGER PRIMARY KEY AUTOINCREMENT,
    id          BLOB    NOT NULL UNIQUE, -- GUID, the EntDMID on the device
    device_id   INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    dm_id       TEXT    NOT NULL COLLATE NOCASE, -- DeviceID, as the device names itself
    hardware    TEXT    NOT NULL COLLATE NOCASE, -- HWDevID; empty where it said none
    state       TEXT    NOT NULL CHECK (state IN ('active', 'leaving', 'unenrolled', 'retired')),
    account     TEXT    NOT NULL COLLATE NOCASE, -- that it was enrolled with; empty with a token
    token_id    INTEGER,                         -- that it was enrolled with; no foreign key: it is history
    user        TEXT    NOT NULL,                -- either, as people read it
    said        TEXT    NOT NULL,                -- what the device said then, JSON of device.Enrollment
    client_name TEXT    NOT NULL,                -- AAUTHNAME of its credentials
    secrets     TEXT    NOT NULL,                -- what those are checked by, JSON of Secrets
    created     INTEGER NOT NULL,
    ended       INTEGER,                         -- NULL while it goes on
    why         TEXT    NOT NULL DEFAULT '',     -- it ended
    address     TEXT    NOT NULL,
    last_poll   INTEGER NOT NULL DEFAULT 0,
    sync_asked  INTEGER NOT NULL DEFAULT 0       -- when an administrator asked for a whole sync; 0 once it was done
) STRICT;
CREATE UNIQUE INDEX enrollment_current ON enrollment (device_id) WHERE ended IS NULL;
CREATE INDEX enrollment_device ON enrollment (device_id, no);
CREATE INDEX enrollment_dm_id ON enrollment (dm_id, no);
CREATE INDEX enrollment_hardware ON enrollment (hardware, no);
CREATE INDEX enrollment_account ON enrollment (account) WHERE ended IS NULL;
CREATE UNIQUE INDEX enrollment_client ON enrollment (client_name) WHERE client_name <> '';

-- What sessions taught of an enrollment, and were told to it. Written by them.
CREATE TABLE enrollment_record (
    enrollment_no INTEGER PRIMARY KEY REFERENCES enrollment (no) ON DELETE CASCADE,
    facts         TEXT    NOT NULL, -- JSON of dialogue.Facts
    facts_at      INTEGER NOT NULL, -- when all were last asked for; 0 for never
    settings      BLOB    NOT NULL, -- see appendSettings
    report        BLOB,             -- see appendReport; NULL for never
    reported_at   INTEGER NOT NULL
) STRICT;

-- Certificates that were issued to devices. They stay when the device is
-- deleted: revoked ones are on the list, and no public key counts twice.
-- Written when a device enrols or renews, and when one is revoked.
CREATE TABLE device_certificate (
    sum           BLOB    PRIMARY KEY, -- SHA-256 of the certificate
    enrollment_no INTEGER REFERENCES enrollment (no) ON DELETE SET NULL,
    key_hash      BLOB    NOT NULL, -- SHA-256 of the SubjectPublicKeyInfo
    serial        BLOB    NOT NULL,
    issuer        BLOB    NOT NULL, -- AuthorityKeyId
    issued        INTEGER NOT NULL,
    expires       INTEGER NOT NULL,
    used          INTEGER,          -- when the device first came with it
    revoked       INTEGER,          -- when; NULL while it is good
    reason        INTEGER NOT NULL DEFAULT 0 -- CRLReason of RFC 5280
) STRICT, WITHOUT ROWID;
CREATE INDEX device_certificate_enrollment ON device_certificate (enrollment_no);
CREATE INDEX device_certificate_key ON device_certificate (key_hash);
CREATE INDEX device_certificate_revoked ON device_certificate (expires) WHERE revoked IS NOT NULL;

-- How often certificates were revoked: the number of the revocation list.
-- Written with each.
CREATE TABLE revocation (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO revocation (id, number) VALUES (1, 1);

-- Commands that wait for a device, and what became of them. Written by acts,
-- then by sessions.
CREATE TABLE device_order (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    enrollment_no INTEGER NOT NULL REFERENCES enrollment (no) ON DELETE CASCADE,
    kind          TEXT    NOT NULL, -- unenroll, rollback-quality, rollback-feature
    command       TEXT    NOT NULL, -- JSON of device.Command
    once          INTEGER NOT NULL, -- 1 where it must not be sent twice
    state         TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'done', 'failed', 'cancelled')),
    made_by       TEXT    NOT NULL,
    created       INTEGER NOT NULL,
    sent          INTEGER,
    finished      INTEGER,
    status        INTEGER NOT NULL DEFAULT 0,
    detail        TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX device_order_enrollment ON device_order (enrollment_no, id);
CREATE INDEX device_order_queued ON device_order (enrollment_no, id) WHERE state = 'queued';

-- facts of a device are what its Windows Update Agent said, and when. Those of
-- an enrolled device that count are in its enrollment_record.
ALTER TABLE device ADD COLUMN facts_at INTEGER NOT NULL DEFAULT 0;
-- Since when OMA DM vouches for the name as it is; names that were claimed
-- before tell nothing.
ALTER TABLE device ADD COLUMN vouched INTEGER NOT NULL DEFAULT 0;
-- 1 where the device put itself into the group, which proves nothing.
ALTER TABLE device_member ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;

-- Enrolled devices and computers that an administrator split: they are not
-- joined again by themselves. Written by acts.
CREATE TABLE device_apart (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    other_id  INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    PRIMARY KEY (device_id, other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_apart_other ON device_apart (other_id);

-- Small numbers for updates that devices report, so that sets of them are
-- short. Written with the first report that names one.
CREATE TABLE update_number (
    id        INTEGER PRIMARY KEY,
    update_id BLOB    NOT NULL UNIQUE
) STRICT;

-- How updates stand on devices, where something is left to do. Written by
-- reports. Installed ones are in device_installed, what is not applicable is
-- nowhere.
CREATE TABLE open_state (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    update_no INTEGER NOT NULL REFERENCES update_number (id),
    state     INTEGER NOT NULL, -- update.State: not installed, downloaded, failed, pending reboot
    since     INTEGER NOT NULL,
    result    INTEGER NOT NULL, -- HRESULT of a failure
    source    TEXT    NOT NULL CHECK (source IN ('status', 'event', 'mdm')),
    PRIMARY KEY (device_id, update_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX open_state_update ON open_state (update_no, state);

-- The installed updates of a device, as one set. Written by reports.
CREATE TABLE device_installed (
    device_id INTEGER PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
    updates   BLOB    NOT NULL, -- ascending update numbers, as varint differences
    reported  INTEGER NOT NULL, -- time of the newest status
    hash      BLOB    NOT NULL  -- of that status; empty once an event changed a state since
) STRICT;

-- How many devices have an update in each state. Kept in the transaction that
-- changes a state.
CREATE TABLE update_count (
    update_id     BLOB    PRIMARY KEY,
    not_installed INTEGER NOT NULL DEFAULT 0,
    downloaded    INTEGER NOT NULL DEFAULT 0,
    installed     INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    pending       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Events that name an update, by device and time. Written by reports, deleted
-- after the retention time.
CREATE TABLE event (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    time      INTEGER NOT NULL, -- when it happened, see reporting.Report
    instance  BLOB    NOT NULL, -- GUID, one for each event that ever was
    event_id  INTEGER NOT NULL,
    source    INTEGER NOT NULL,
    update_id BLOB    NOT NULL,
    number    INTEGER NOT NULL,
    result    INTEGER NOT NULL, -- HRESULT
    app       TEXT    NOT NULL,
    texts     TEXT    NOT NULL, -- replacement strings, JSON
    misc      TEXT    NOT NULL, -- Key=Value strings, JSON
    PRIMARY KEY (device_id, time, instance)
) STRICT, WITHOUT ROWID;

-- Of the events that name no update the latest of each kind. Written by reports.
CREATE TABLE last_event (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    event_id  INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    instance  BLOB    NOT NULL,
    source    INTEGER NOT NULL,
    result    INTEGER NOT NULL,
    app       TEXT    NOT NULL,
    texts     TEXT    NOT NULL,
    misc      TEXT    NOT NULL,
    PRIMARY KEY (device_id, event_id)
) STRICT, WITHOUT ROWID;

-- Hardware ids, and the sets of them that devices have. Equal machines share a
-- set. Written after driver scans.
CREATE TABLE hardware (
    id   INTEGER PRIMARY KEY,
    text TEXT    NOT NULL COLLATE NOCASE UNIQUE
) STRICT;
CREATE TABLE hardware_set (
    id   INTEGER PRIMARY KEY,
    hash BLOB    NOT NULL UNIQUE, -- SHA-256 of the sorted texts
    ids  BLOB    NOT NULL         -- ascending hardware numbers, as varint differences
) STRICT;
CREATE TABLE device_hardware (
    device_id INTEGER PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
    set_id    INTEGER NOT NULL REFERENCES hardware_set (id)
) STRICT;

-- Files that a client asked for and that are not held, once an address and day.
-- Written by the content door, for files of updates in scope only; deleted after
-- 30 days.
CREATE TABLE missed (
    digest  BLOB    NOT NULL,
    day     INTEGER NOT NULL, -- since 1970
    address TEXT    NOT NULL,
    PRIMARY KEY (digest, day, address)
) STRICT, WITHOUT ROWID;

-- How updates stand on a device as each source says, for devices of which both
-- may tell: those that reported by OMA DM. What counts of it is in open_state,
-- device_installed and update_count; for other devices that is all there is.
-- Written by reports of either source.
CREATE TABLE device_source (
    device_id INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    source    TEXT    NOT NULL CHECK (source IN ('wsus', 'mdm')),
    reported  INTEGER NOT NULL, -- time of the newest full report
    states    BLOB    NOT NULL, -- see appendSaid
    PRIMARY KEY (device_id, source)
) STRICT, WITHOUT ROWID;

-- Updates that devices report by OMA DM as not installed, and that the catalog
-- lacked then. Which devices want one is in open_state. Written by those
-- reports; rows that the catalog answered are deleted by a job.
CREATE TABLE needed (
    update_id BLOB    PRIMARY KEY,
    number    INTEGER NOT NULL, -- the greatest revision number told; 0 for none
    type      INTEGER NOT NULL, -- tree.Type: security, critical
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

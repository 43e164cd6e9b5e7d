-- What groups want of their devices: settings that were set by hand, beside
-- those of the group's preset. Written by acts, which validate them.
CREATE TABLE policy (
    group_id BLOB    NOT NULL REFERENCES device_group (id) ON DELETE CASCADE,
    name     TEXT    NOT NULL, -- of the setting
    value    TEXT,             -- as devices get it; NULL where it is left out of the preset
    set_by   TEXT    NOT NULL,
    changed  INTEGER NOT NULL,
    PRIMARY KEY (group_id, name)
) STRICT, WITHOUT ROWID;

-- The presets that groups have. Written by acts; that of All Computers by this
-- migration.
CREATE TABLE group_preset (
    group_id BLOB    PRIMARY KEY REFERENCES device_group (id) ON DELETE CASCADE,
    preset   TEXT    NOT NULL,
    set_by   TEXT    NOT NULL,
    changed  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO group_preset (group_id, preset, set_by, changed) VALUES (x'a0a087464dbe4a379adf9e7652c0b421', 'airgap', 'sluice', 0);

-- Who accepted license terms; empty where that was not kept yet.
ALTER TABLE eula ADD COLUMN accepted_by TEXT NOT NULL DEFAULT '';
CREATE INDEX variant_eula ON variant (eula_id) WHERE eula_id IS NOT NULL;

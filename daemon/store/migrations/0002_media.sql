-- What was carried in, one row per import. Written by the library; applying one
-- is setting its state, applied and applied_seq, nothing else.
CREATE TABLE import (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      TEXT    NOT NULL,
    format      TEXT    NOT NULL,
    medium      TEXT    NOT NULL, -- tells media apart, to resume one
    provenance  TEXT    NOT NULL, -- who vouches for the metadata
    signed_by   TEXT    NOT NULL,
    accepted_by TEXT    NOT NULL, -- the person who accepted unsigned metadata
    state       TEXT    NOT NULL CHECK (state IN ('staging', 'applied', 'refused')),
    attempt     INTEGER NOT NULL, -- from 1; one more every time it is resumed
    swept       INTEGER NOT NULL, -- 1 where nothing staged is left of a refused one
    started     INTEGER NOT NULL,
    finished    INTEGER,
    applied_seq INTEGER,          -- of the commit that applied it
    revisions   INTEGER NOT NULL DEFAULT 0,
    new         INTEGER NOT NULL DEFAULT 0,
    unchanged   INTEGER NOT NULL DEFAULT 0,
    files       INTEGER NOT NULL DEFAULT 0,
    files_held  INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    error       TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX import_staging ON import (state) WHERE state = 'staging'; -- one at a time
CREATE INDEX import_unswept ON import (id) WHERE state = 'refused' AND swept = 0;

-- The items of an import that were refused, and why. Written by the library.
CREATE TABLE import_refusal (
    import_id INTEGER NOT NULL REFERENCES import (id),
    n         INTEGER NOT NULL,
    item      TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    PRIMARY KEY (import_id, n)
) STRICT, WITHOUT ROWID;

-- Every identity that was ever named, with its RevisionID: by its own metadata
-- or as a member of a bundle. Written by the library; rows are never deleted and
-- ids never used again (appliance.next_revision).
CREATE TABLE revision (
    id        INTEGER PRIMARY KEY,
    update_id BLOB    NOT NULL,
    number    INTEGER NOT NULL,
    UNIQUE (update_id, number)
) STRICT;

-- What one import says of one revision. Written by the library. Of the variants
-- whose import is applied, the served one is a document before fragments, then
-- the newest import: the view served.
CREATE TABLE variant (
    id          INTEGER PRIMARY KEY,
    revision_id INTEGER NOT NULL REFERENCES revision (id),
    is_document INTEGER NOT NULL, -- 1 for a full document, 0 for fragments only
    import_id   INTEGER NOT NULL REFERENCES import (id),
    attempt     INTEGER NOT NULL, -- of the import, that saw it last
    complete    INTEGER NOT NULL, -- 0 until all its core chunks are there
    hash        BLOB    NOT NULL, -- SHA-256 of the document, or of the fragments
    type        INTEGER NOT NULL, -- update.Type
    category    TEXT    NOT NULL, -- update.CategoryType
    flags       INTEGER NOT NULL, -- see variantFlags
    created     INTEGER NOT NULL,
    severity    TEXT    NOT NULL,
    language    TEXT    NOT NULL, -- the default one
    eula_id     BLOB,
    title       TEXT    NOT NULL, -- in the default language
    description TEXT    NOT NULL,
    kb          TEXT    NOT NULL, -- article numbers, divided by spaces
    relations   BLOB    NOT NULL, -- prerequisites, bundles, supersedes, drivers; see relations.go
    wire_len    INTEGER NOT NULL, -- of the core, escaped as element text
    xpress_len  INTEGER NOT NULL  -- of its Xpress blocks in core_chunk, 0 where it is small
) STRICT;
CREATE UNIQUE INDEX variant_revision ON variant (revision_id, is_document, import_id);
CREATE INDEX variant_import ON variant (import_id);
CREATE INDEX variant_created ON variant (created, id);

-- The texts of a variant, each a zstd frame. core is absent where it is in
-- core_chunk. Written with the variant.
CREATE TABLE body (
    variant_id INTEGER PRIMARY KEY REFERENCES variant (id) ON DELETE CASCADE,
    document   BLOB,
    core       BLOB,
    extended   BLOB,
    localized  BLOB, -- of all languages
    eula       BLOB  -- of all languages
) STRICT;

-- Large cores in wire form: escaped as element text, in whole Xpress blocks, at
-- most 1 MiB a row. Written after their variant.
CREATE TABLE core_chunk (
    variant_id INTEGER NOT NULL REFERENCES variant (id) ON DELETE CASCADE,
    n          INTEGER NOT NULL,
    data       BLOB    NOT NULL,
    PRIMARY KEY (variant_id, n)
) STRICT;

-- The categories that a variant says it belongs to. Written with the variant.
CREATE TABLE variant_category (
    category   BLOB    NOT NULL, -- an update id
    variant_id INTEGER NOT NULL REFERENCES variant (id) ON DELETE CASCADE,
    PRIMARY KEY (category, variant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX variant_category_variant ON variant_category (variant_id);

-- The payload and license files that a variant names. Written with the variant.
CREATE TABLE variant_file (
    variant_id INTEGER NOT NULL REFERENCES variant (id) ON DELETE CASCADE,
    n          INTEGER NOT NULL,
    digest     BLOB    NOT NULL, -- SHA-1
    sha256     BLOB,
    name       TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    modified   INTEGER NOT NULL,
    patching   TEXT    NOT NULL,
    language   TEXT    NOT NULL, -- of a license text
    url        TEXT    NOT NULL, -- where it can be had outside
    PRIMARY KEY (variant_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX variant_file_digest ON variant_file (digest);

-- Everything that a bundle needs, through its members' members: (root, member)
-- without the root itself. Written with the variant that closes a path; the
-- import is the one that did.
CREATE TABLE closure (
    root      INTEGER NOT NULL REFERENCES revision (id),
    member    INTEGER NOT NULL REFERENCES revision (id),
    import_id INTEGER NOT NULL REFERENCES import (id),
    PRIMARY KEY (root, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX closure_member ON closure (member);

-- Titles and KB numbers by word; the row is the variant's. Written with the
-- variant.
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

-- Files that were read whole and found to be what their name says, by place.
-- Written by the content store through its verdicts.
CREATE TABLE content (
    root     TEXT    NOT NULL, -- empty for the writable one
    path     TEXT    NOT NULL,
    digest   BLOB    NOT NULL,
    sha256   BLOB    NOT NULL,
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL, -- nanoseconds of Unix time
    verified INTEGER NOT NULL,
    absent   INTEGER NOT NULL DEFAULT 0, -- 1 while the file was last seen gone or changed
    PRIMARY KEY (root, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX content_digest ON content (digest);

-- Folders of payload files that an import took over where they are. Written by
-- that import.
CREATE TABLE content_root (
    path  TEXT    PRIMARY KEY, -- absolute
    added INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The digests that a client would be served.
CREATE VIEW held AS SELECT digest, size FROM content WHERE absent = 0;

-- The variant of every revision that is served. Its revision_id is that of the
-- revision, so that a revision is looked up before its variants are.
CREATE VIEW served AS
SELECT r.id AS revision_id, r.update_id, r.number, v.id, v.is_document, v.import_id, v.type, v.category, v.flags,
    v.created, v.language, v.eula_id, v.title, v.wire_len, v.xpress_len
FROM revision r CROSS JOIN variant v ON v.id = (
    SELECT w.id FROM variant w JOIN import i ON i.id = w.import_id
    WHERE w.revision_id = r.id AND i.state = 'applied'
    ORDER BY w.is_document DESC, w.import_id DESC LIMIT 1);

CREATE TABLE IF NOT EXISTS facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL UNIQUE,
    updated_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    disable_task_tracking INTEGER NOT NULL,
    configs TEXT,
    created_at INTEGER NOT NULL UNIQUE,
    updated_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_of_user ON sessions (user_id, created_at);

CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    parent_id TEXT,
    role TEXT NOT NULL,
    meta TEXT NOT NULL,
    user_meta TEXT,
    parts TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL UNIQUE,
    updated_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_of_session ON messages (session_id, created_at);
CREATE INDEX IF NOT EXISTS messages_with_open_calls ON messages (session_id, created_at)
    WHERE json_extract(meta, '$.__gemini_call_info__') IS NOT NULL;

CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL UNIQUE,
    updated_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_session ON events (session_id, created_at);

CREATE TABLE IF NOT EXISTS disks (
    id TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL UNIQUE,
    updated_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS disks_of_user ON disks (user_id, created_at);

-- What a public URL points at: bytes under the name and type of one upload. Ids are never used twice,
-- or an old URL would show somebody another file.
CREATE TABLE IF NOT EXISTS materials (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL,
    mime TEXT NOT NULL,
    filename TEXT NOT NULL,
    UNIQUE (sha256, mime, filename)
);

CREATE TABLE IF NOT EXISTS artifacts (
    disk_id TEXT NOT NULL REFERENCES disks (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    filename TEXT NOT NULL,
    meta TEXT NOT NULL,
    mime TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    material_id INTEGER NOT NULL,
    content_type TEXT,
    created_at INTEGER NOT NULL UNIQUE,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (disk_id, path, filename)
);
CREATE INDEX IF NOT EXISTS artifacts_by_content ON artifacts (sha256);

CREATE TABLE IF NOT EXISTS assets (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    s3_key TEXT NOT NULL,
    material_id INTEGER NOT NULL,
    PRIMARY KEY (message_id, s3_key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS assets_by_content ON assets (sha256);
CREATE INDEX IF NOT EXISTS assets_by_key ON assets (s3_key);

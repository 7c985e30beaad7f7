import Database from "better-sqlite3";

import { folded, pageOf, positionOf, renamable, seen } from "./schema.js";

// The database of the embedded store, with the same durability. Statements are
// prepared once.
export function open(file) {
  const db = new Database(file);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.pragma("cache_size = -16384");
  db.pragma("wal_autocheckpoint = 16000");
  const columns = "d.n, d.id, d.type, d.version, d.updated_at, d.owner, d.name, d.admins, d.occupants";
  const one = db.prepare(`SELECT ${columns} FROM dialog d WHERE d.id = ? AND d.deleted = 0`);
  const page = db.prepare(
    `SELECT ${columns} FROM member m JOIN dialog d ON d.n = m.dialog WHERE m.user = ? AND d.deleted = 0
     ORDER BY d.updated_at DESC, d.id DESC LIMIT ?`,
  );
  const pageAfter = db.prepare(
    `SELECT ${columns} FROM member m JOIN dialog d ON d.n = m.dialog WHERE m.user = ? AND d.deleted = 0
     AND (d.updated_at, d.id) < (?, ?) ORDER BY d.updated_at DESC, d.id DESC LIMIT ?`,
  );
  const next = db.prepare("UPDATE sync SET position = position + 1 RETURNING position").pluck();
  const save = db.prepare("UPDATE dialog SET name = ?, folded = ?, version = ?, updated_at = ?, position = ? WHERE n = ?");
  const record = db.prepare(
    "INSERT INTO change (dialog, version, kind, at, user, api_key, key, input_hash, detail) VALUES (?, ?, 2, ?, ?, '', '', '', ?)",
  );
  const forget = db.prepare("DELETE FROM change WHERE dialog = ? AND version <= ?");

  const dialog = (r) => ({
    n: r.n,
    id: r.id.toString("hex"),
    typeCode: r.type,
    version: r.version,
    updatedMs: r.updated_at,
    updatedAt: new Date(r.updated_at).toISOString(),
    ownerId: r.owner,
    name: r.name,
    admins: r.admins === "" ? [] : JSON.parse(r.admins),
    occupantIds: r.occupants === "" ? [] : JSON.parse(r.occupants),
  });
  const find = (id) => {
    const r = /^[0-9a-f]{24}$/.test(id) && one.get(Buffer.from(id, "hex"));
    return r ? dialog(r) : null;
  };
  const rename = db.transaction((id, input, user) => {
    const { name } = input;
    const d = renamable(find(id), input, user);
    if (d.name === name) return d;
    const version = d.version + 1;
    const now = Math.max(Date.now(), d.updatedMs);
    save.run(name, process.env.NAME_KEY_PREFIX + folded(name), version, now, next.get(), d.n);
    record.run(d.n, version, now, user, JSON.stringify({ changed: [1], name }));
    if (version > 50) forget.run(d.n, version - 50);
    return { ...d, name, version, updatedMs: now, updatedAt: new Date(now).toISOString() };
  }).immediate;
  return {
    dialog: (id, user) => seen(find(id), user),
    rename,
    list(user, first, after) {
      if (!after) return pageOf(page.all(user, first + 1).map(dialog), first);
      const [at, id] = positionOf(after);
      return pageOf(pageAfter.all(user, at, Buffer.from(id, "hex"), first + 1).map(dialog), first);
    },
  };
}

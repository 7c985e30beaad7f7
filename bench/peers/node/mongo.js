import { MongoClient, ObjectId } from "mongodb";

import { changed, folded, pageOf, positionOf, renamable, seen } from "./schema.js";

// The documents of this project's store, with the same durability.
export async function open(uri) {
  const client = await MongoClient.connect(uri, { writeConcern: { w: "majority", journal: true } });
  const dialogs = client.db().collection("dialogs");
  const projection = { history: 0, departed: 0, listed_for: 0, deleted_for: 0 };

  const dialog = (r) => ({
    id: r._id.toHexString(),
    typeCode: r.type,
    version: r.version,
    updatedMs: r.updated_at.getTime(),
    updatedAt: r.updated_at.toISOString(),
    ownerId: r.owner_id,
    name: r.name,
    admins: r.admin_ids ?? [],
    occupantIds: r.occupant_ids ?? [],
  });
  const find = async (id) => {
    const r = ObjectId.isValid(id) && (await dialogs.findOne({ _id: new ObjectId(id), deleted_at: null }, { projection }));
    return r ? dialog(r) : null;
  };
  return {
    dialog: async (id, user) => seen(await find(id), user),
    // One command, whose filter has the rules. What does not match is looked at.
    async rename(id, input, user) {
      const { name, ifVersion } = input;
      const now = new Date();
      const filter = {
        _id: ObjectId.isValid(id) ? new ObjectId(id) : null,
        deleted_at: null,
        type: { $ne: 3 },
        name: { $ne: name },
        $or: [{ owner_id: user }, { admin_ids: user }, { type: 2, occupant_ids: user }],
      };
      if (ifVersion != null) filter.version = ifVersion;
      const update = {
        $set: { name, name_folded: process.env.NAME_KEY_PREFIX + folded(name) },
        $inc: { version: 1 },
        $max: { updated_at: now },
        $currentDate: { changed_at: true },
        $push: { history: { $each: [{ kind: 2, user, at: now, changed: [1], name }], $slice: -50 } },
      };
      const after = await dialogs.findOneAndUpdate(filter, update, { projection, returnDocument: "after" });
      if (after) return dialog(after);
      const d = renamable(await find(id), input, user);
      if (d.name !== name) throw changed();
      return d;
    },
    async list(user, first, after) {
      const filter = { listed_for: user };
      if (after) {
        const [at, id] = positionOf(after);
        const updated_at = new Date(at);
        filter.$or = [{ updated_at: { $lt: updated_at } }, { updated_at, _id: { $lt: new ObjectId(id) } }];
      }
      const page = await dialogs.find(filter, { projection, sort: { updated_at: -1, _id: -1 }, limit: first + 1 }).toArray();
      return pageOf(page.map(dialog), first);
    },
  };
}

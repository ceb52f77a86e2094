// Where the layers of a map (points, colours, picks, names, stars) meet the canvas that draws them: each is a component of its own,
// so that a pin doesn't send a million positions again.
const DROP_AFTER_MS = 2000; // a layer that changes is taken away and put back; only one that stays away is forgotten

function hubOf(name) {
  globalThis.winnowMaps ??= new Map();
  let hub = globalThis.winnowMaps.get(name);
  if (!hub) {
    hub = { parts: {}, heard: new Set() };
    globalThis.winnowMaps.set(name, hub);
  }
  return hub;
}

function putPart(hub, part) {
  hub.parts[part.header.part] = part;
  for (const hear of hub.heard) hear(part.header.part);
}

function dropPart(hub, part) {
  setTimeout(() => {
    if (hub.parts[part.header.part] === part) delete hub.parts[part.header.part];
  }, DROP_AFTER_MS);
}

// A layer: the length of a JSON header (uint32, little-endian), the header, and what follows it.
function readPart(data) {
  const bytes = new Uint8Array(data); // a copy, so that what follows starts at an even place
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { header, payload: bytes.buffer.slice(4 + length) };
}

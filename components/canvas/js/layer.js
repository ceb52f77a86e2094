// A layer of a map: draws nothing, hands its bytes to the map.
const layers = new WeakMap();

export default function (component) {
  const mark = component.parentElement.querySelector(".layer");
  const known = layers.get(mark);
  if (known && known.data === component.data) return known.leave;
  const part = readPart(component.data);
  const hub = hubOf(part.header.map);
  putPart(hub, part);
  const leave = () => {
    layers.delete(mark);
    dropPart(hub, part);
  };
  layers.set(mark, { data: component.data, leave });
  return leave;
}

// Where what is done on a map is reported: mounted outside the fragment that hovering reruns, so that one run of the page follows.

export default function (component) {
  const hub = hubOf(component.data.map);
  hub.desk = component;
  return () => {
    if (hub.desk === component) hub.desk = null;
  };
}

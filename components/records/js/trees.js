// Elements from plain data. A record's words never become markup: no innerHTML anywhere in this folder.
const ELEMENTS = new Set(
  "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s hr br table thead tbody tr th td span div".split(" "),
);
const MATHS = new Set(
  ("math mrow mi mn mo mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover mtable mtr mtd mstyle " +
    "mpadded mphantom menclose mmultiscripts mprescripts none").split(" "),
);
const ATTRIBUTES = new Set(
  "class start display mathvariant stretchy fence form columnalign accent lspace rspace linebreak width".split(" "),
);

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") element.addEventListener("click", value);
    else if (value !== false && value !== null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function key(letter) {
  return make("kbd", { "aria-hidden": "true" }, letter.length > 1 ? letter : letter.toUpperCase());
}

function counted(n) {
  return n.toLocaleString("en");
}

// A tree of as_rendered.py; what is not on the lists becomes its text.
function grown(tree) {
  if (typeof tree === "string") return document.createTextNode(tree);
  const [name, attributes, ...children] = tree;
  const inside = children.map(grown);
  if (!ELEMENTS.has(name) && !MATHS.has(name)) return make("span", {}, ...inside);
  const element = MATHS.has(name)
    ? document.createElementNS("http://www.w3.org/1998/Math/MathML", name)
    : document.createElement(name);
  for (const [given, value] of Object.entries(attributes)) {
    if (ATTRIBUTES.has(given)) element.setAttribute(given, value);
  }
  if (/^(p|h\d|li|td|th|blockquote)$/.test(name)) element.dir = "auto";
  element.append(...inside);
  return element;
}

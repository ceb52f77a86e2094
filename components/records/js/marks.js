// Words are marked whole, so that "art" is not found in "party", and with any ending where they end in *; inside of longer words
// where nothing else is there, and in scripts that part no words.
function markWords(body, words) {
  const wanted = words.map((word) => [word.replace(/\*$/, ""), word.endsWith("*")]).filter(([word]) => word.trim());
  if (!wanted.length) return;
  wanted.sort((a, b) => b[0].length - a[0].length);
  const plain = (word) => word.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "[\\s\\p{P}]+");
  const whole = wanted.map(([word, begins]) => {
    if (!/^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\d]/u.test(word)) return plain(word);
    return `(?<![\\p{L}\\p{N}])${plain(word)}${begins ? "" : "(?![\\p{L}\\p{N}])"}`;
  });
  if (!markBy(body, new RegExp(whole.join("|"), "giu"))) {
    markBy(body, new RegExp(wanted.map(([word]) => plain(word)).join("|"), "giu"));
  }
}

function markBy(body, pattern) {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("math")) nodes.push(walker.currentNode);
  let count = 0;
  for (const node of nodes) {
    const text = node.data;
    const parts = [];
    let at = 0;
    for (const found of text.matchAll(pattern)) {
      if (!found[0]) continue;
      parts.push(text.slice(at, found.index), make("mark", {}, found[0]));
      at = found.index + found[0].length;
      if (++count > 2000) break;
    }
    if (parts.length) node.replaceWith(...parts, text.slice(at));
  }
  return count;
}

// Elements made by hand. Text is only ever set as text, so that nothing a record says is read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. attributes: text, `true` for one without a value, or a listener where the name begins with "on". */
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same of SVG. */
function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null) node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/** `1 row`, `3 rows`. */
const several = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A `<select>` with its label. options: `[value, text]` each; chosen(value) is called when another is chosen. */
function choice(text, options, value, chosen) {
  const select = element("select", { onchange: () => chosen(select.value) });
  select.append(...options.map(([key, words]) => element("option", { value: key, selected: key === value }, words)));
  return element("label", { class: "choice" }, element("span", {}, text), select);
}

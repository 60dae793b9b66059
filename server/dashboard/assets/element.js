// Builds elements. Text only ever goes in as text: there is no way to hand markup to this module.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set([
  "checked",
  "disabled",
  "hidden",
  "open",
  "selected",
  "indeterminate",
  "multiple",
]);

/**
 * Make an element.
 * @param {string} what the name, with classes after dots: "p.note.wide"; SVG's begin with "svg:"
 * @param {Object} [attributes] `onclick` and the like are listeners; null, undefined and false are left out
 * @param {...*} children nodes, texts, numbers, or lists of them; null and false are left out
 */
export function el(what, attributes = {}, ...children) {
  const [name, ...classes] = what.split(".");
  const svg = name.startsWith("svg:");
  const node = svg ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
  if (classes.length) node.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes ?? {})) set(node, key, value, classes);
  node.append(...flat(children));
  return node;
}

function set(node, key, value, classes) {
  if (key.startsWith("on")) {
    listen(node, key.slice(2), value);
  } else if (PROPERTIES.has(key)) {
    node[key] = Boolean(value);
    (node.$set ??= {})[key] = Boolean(value);
  } else if (key === "value") {
    node.value = value ?? "";
    (node.$set ??= {}).value = value ?? "";
  } else if (key === "class") {
    node.setAttribute("class", [...classes, value].filter(Boolean).join(" "));
  } else if (key === "style" || key === "srcdoc") {
    throw new Error(`${key} is not set from here`);
  } else if (value !== null && value !== undefined && value !== false) {
    node.setAttribute(key, value === true ? "" : String(value));
  }
}

function flat(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "")
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

function listen(node, type, listener) {
  if (!listener) return;
  if (!node.$on) node.$on = {};
  if (!(type in node.$on)) node.addEventListener(type, dispatch);
  node.$on[type] = listener;
}

function dispatch(event) {
  return event.currentTarget.$on?.[event.type]?.(event);
}

/** Make `parent` look like `wanted`, keeping the elements that are there, so that focus, typing and scroll stay. */
export function show(parent, ...wanted) {
  children(parent, flat(wanted));
}

function children(parent, wanted) {
  const keyed = new Map();
  for (const child of parent.childNodes) if (keyOf(child)) keyed.set(keyOf(child), child);
  let place = parent.firstChild;
  for (const next of wanted) {
    const key = keyOf(next);
    let old = key ? keyed.get(key) : place && !keyOf(place) ? place : null;
    if (old && !alike(old, next)) old = null;
    if (!old) {
      parent.insertBefore(next, place);
      continue;
    }
    if (old !== place) parent.insertBefore(old, place);
    else place = place.nextSibling;
    patch(old, next);
  }
  while (place) {
    const after = place.nextSibling;
    place.remove();
    place = after;
  }
}

const keyOf = (node) => node.dataset?.key;

function alike(old, next) {
  return old.nodeType === next.nodeType && old.nodeName === next.nodeName;
}

function patch(old, next) {
  if (old === next) return;
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS"))
      old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const type of Object.keys(old.$on ?? {})) old.$on[type] = null;
  for (const [type, listener] of Object.entries(next.$on ?? {})) listen(old, type, listener);
  if (!("keep" in old.dataset)) children(old, [...next.childNodes]);
  for (const [key, value] of Object.entries(next.$set ?? {})) if (old[key] !== value) old[key] = value;
  old.$set = next.$set;
}

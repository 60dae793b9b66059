// Reads JSON that stands in a column without turning a number into a float: scalars stay the text they were.

const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

/** The tokens of a JSON text, or null where it is none. */
function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) return text.slice(at).trim() === "" ? found : null;
    found.push(match[1] ?? match[2] ?? match[3]);
  }
  return found;
}

/**
 * Lay a JSON object or array out on lines, each scalar exactly as it was written.
 * @returns {string|null} null where the text is no object or array
 */
export function laidOut(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  const all = tokens(text);
  if (!all || !balanced(all)) return null;
  let out = "";
  let depth = 0;
  all.forEach((token, index) => {
    const line = () => `\n${"  ".repeat(depth)}`;
    if (token === "{" || token === "[") {
      depth += 1;
      out += token + (closes(all[index + 1]) ? "" : line());
    } else if (closes(token)) {
      depth -= 1;
      out += (opens(all[index - 1]) ? "" : line()) + token;
    } else if (token === ",") out += token + line();
    else out += token === ":" ? ": " : token;
  });
  return out;
}

const opens = (token) => token === "{" || token === "[";
const closes = (token) => token === "}" || token === "]";

/** Whether brackets match and the text is one value; PostgreSQL has checked the rest. */
function balanced(all) {
  const stack = [];
  for (const [index, token] of all.entries()) {
    if (opens(token)) stack.push(token);
    else if (closes(token)) {
      if (stack.pop() !== (token === "}" ? "{" : "[")) return false;
      if (stack.length === 0 && index < all.length - 1) return false;
    }
  }
  return all.length > 0 && stack.length === 0;
}

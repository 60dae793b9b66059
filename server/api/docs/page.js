// Shows /openapi.json. No library: the document is our own and has only what is read here.

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

const withCode = (text) =>
  String(text ?? "").split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));

const typeOf = (schema, schemas, depth = 0) => {
  if (!schema || Object.keys(schema).length === 0) return "anything";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    const found = schemas[name];
    return found?.enum ? found.enum.map((value) => JSON.stringify(value)).join(" | ") : name;
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map((each) => typeOf(each, schemas, depth + 1)).join(" | ");
  if (schema.type === "array") return `[${typeOf(schema.items, schemas, depth + 1)}]`;
  if (schema.type === "object" && schema.additionalProperties)
    return `{name: ${typeOf(schema.additionalProperties, schemas, depth + 1)}}`;
  return schema.format ? `${schema.type} (${schema.format})` : schema.type;
};

const table = (heads, rows) =>
  make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, ...[cell].flat()))))));

const fields = (name, schemas) => {
  const schema = schemas[name];
  if (!schema?.properties) return null;
  const required = new Set(schema.required ?? []);
  return table(["field", "type", ""], Object.entries(schema.properties).map(([field, property]) => [
    make("code", {}, field),
    typeOf(property, schemas),
    withCode([required.has(field) ? "" : "optional", property.description ?? "",
      property.default === undefined || property.default === null ? "" : `default ${JSON.stringify(property.default)}`]
      .filter(Boolean).join("; ")),
  ]));
};

const model = (schema, schemas, seen = new Set()) => {
  const names = [...JSON.stringify(schema ?? {}).matchAll(/schemas\/([A-Za-z0-9_]+)/g)].map((match) => match[1]);
  const parts = [];
  for (const name of names) {
    if (seen.has(name) || !schemas[name]?.properties) continue;
    seen.add(name);
    parts.push(make("p", {}, make("strong", {}, name), ` ${schemas[name].description ?? ""}`), fields(name, schemas));
    parts.push(...model(schemas[name].properties, schemas, seen));
  }
  return parts;
};

const example = (method, path, operation) => {
  const lines = [`curl -X ${method} ${location.origin}${path}`];
  if (operation.security.length) lines.push('-H "Authorization: Bearer YOUR_JWT_TOKEN"');
  if (operation.requestBody) lines.push('-H "Content-Type: application/json"', "-d '{}'");
  return lines.join(" \\\n  ");
};

const route = (path, method, operation, schemas) => {
  const body = operation.requestBody?.content["application/json"].schema;
  const answers = Object.entries(operation.responses);
  const parts = [make("summary", {},
    make("span", { class: `method ${method}` }, method), make("code", {}, path),
    operation.security.length ? "" : make("span", { class: "open" }, "open"),
    make("br"), operation.summary)];
  parts.push(make("pre", {}, example(method, path, operation)));
  if (operation.parameters.length) {
    parts.push(table(["parameter", "type", ""], operation.parameters.map((each) => [
      [make("code", {}, each.name), ` in the ${each.in}`], typeOf(each.schema, schemas), withCode(each.description)])));
  }
  if (body) parts.push(make("h4", {}, "Body"), ...model(body, schemas));
  parts.push(make("h4", {}, "Answers"), table(["status", "", ""], answers.map(([status, answer]) => {
    const [kind, content] = Object.entries(answer.content ?? {})[0] ?? ["", {}];
    return [status, withCode(answer.description), content.schema ? `${typeOf(content.schema, schemas)}, ${kind}` : kind];
  })));
  for (const [status, answer] of answers) {
    const schema = answer.content?.["application/json"]?.schema;
    if (status.startsWith("2") && schema) parts.push(...model(schema, schemas));
  }
  const id = operation.operationId;
  return { id, element: make("details", { id }, ...parts) };
};

const show = (specification) => {
  const schemas = specification.components.schemas;
  document.getElementById("introduction").replaceChildren(...withCode(specification.info.description));
  const groups = new Map();
  for (const [path, methods] of Object.entries(specification.paths)) {
    for (const [name, operation] of Object.entries(methods)) {
      const made = route(path, name.toUpperCase(), operation, schemas);
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ ...made, path, method: name.toUpperCase() });
    }
  }
  const list = [...groups.values()].flat().map(({ id, path, method }) =>
    make("li", {}, make("a", { href: `#${id}` }, make("span", { class: `method ${method}` }, method), make("code", {}, path))));
  document.getElementById("contents").replaceChildren(make("ul", {}, ...list));
  document.getElementById("routes").replaceChildren(...[...groups].flatMap(([tag, routes]) =>
    [make("h2", {}, tag), ...routes.map(({ element }) => element)]));
  const open = () => document.getElementById(location.hash.slice(1))?.setAttribute("open", "");
  addEventListener("hashchange", open);
  open();
};

fetch("/openapi.json")
  .then((answer) => answer.ok ? answer.json() : Promise.reject(new Error(`it answered ${answer.status}`)))
  .then(show)
  .catch((error) => document.getElementById("routes").replaceChildren(
    make("p", {}, `The description cannot be read: ${error.message}.`)));

/* What may stand here: names of the data, filters after a bar, functions, and the action's fields at the start of a line. */

let known = null;

async function load(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  return answer.ok ? answer.json() : { names: [], filters: [], functions: [], tests: [], fields: [] };
}

const option = (type) => ({ label, detail, info }) => ({ label, detail, info, type });
const local = (text) => [...text.matchAll(/\{%-?\s*(?:set|for)\s+([A-Za-z_]\w*)/g)].map((found) => ({ label: found[1], detail: "in this template" }));

/* Answers a source of completions for CodeMirror; the words come from the server once. */
export function complete(address) {
  return async (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = context.state.sliceDoc(0, context.pos);
    const opened = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
    const inside = opened > Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"));
    known ??= load(address);
    const words = await known;
    if (!inside) {
      const field = context.matchBefore(/"[\w]*/);
      const begins = field && /^[\s{,]*$/.test(line.text.slice(0, field.from - line.from));
      return begins ? { from: field.from, options: words.fields.map(option("property")), validFor: /^"\w*$/ } : null;
    }
    const filter = context.matchBefore(/\|\s*\w*$/);
    if (filter) {
      const from = filter.from + filter.text.match(/^\|\s*/)[0].length;
      return { from, options: words.filters.map(option("function")), validFor: /^\w*$/ };
    }
    const test = context.matchBefore(/\bis\s+(?:not\s+)?\w*$/);
    if (test) {
      const from = context.pos - test.text.match(/\w*$/)[0].length;
      return { from, options: words.tests.map(option("function")), validFor: /^\w*$/ };
    }
    const name = context.matchBefore(/[A-Za-z_][\w.[\]]*$/);
    if (!name && !context.explicit) return null;
    const options = [...words.names.map(option("variable")), ...local(context.state.doc.toString()).map(option("variable")), ...words.functions.map(option("function"))];
    return { from: name ? name.from : context.pos, options, validFor: /^[\w.[\]]*$/ };
  };
}

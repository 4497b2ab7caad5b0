/* The editor of the studio. Without it the page is a form that works; with it, the textarea becomes CodeMirror, problems
   stand at their line, names complete themselves, and what each profile would get follows as one types. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { jinja } from "@codemirror/lang-jinja";
import { json } from "@codemirror/lang-json";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, EditorView, GutterMarker, MatchDecorator, ViewPlugin, WidgetType, drawSelection, gutter,
  highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { complete } from "./completion.mjs";

const FLAG = "M1 .5h1.3v13H1zM3.1 1.2L11.5 4.6 3.1 8z";

/* -- what the server found, at its line */

const setFindings = StateEffect.define();

function flag(kind) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 12 14");
  svg.setAttribute("class", `flag flag--${kind}`);
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path")).setAttribute("d", FLAG);
  return svg;
}

/* Sentences have code between backticks. */
function sentence(text, into) {
  text.split("`").forEach((part, at) => {
    if (at % 2) into.appendChild(document.createElement("code")).textContent = part;
    else into.append(part);
  });
  return into;
}

class FlagMarker extends GutterMarker {
  constructor(found) { super(); this.found = found; }
  eq(other) { return other.found.title === this.found.title && other.found.kind === this.found.kind; }
  toDOM() {
    const box = document.createElement("span");
    box.title = this.found.title.replaceAll("`", "");
    box.append(flag(this.found.kind));
    return box;
  }
}

class Says extends WidgetType {
  constructor(found) { super(); this.found = found; }
  eq(other) { return JSON.stringify(other.found) === JSON.stringify(this.found); }
  get estimatedHeight() { return 44; }
  ignoreEvent() { return true; }
  toDOM(view) {
    const { kind, title, said, fix } = this.found;
    const around = document.createElement("div");   /* the editor measures it, and does not see margins */
    around.className = "saying";
    const box = around.appendChild(document.createElement("div"));
    box.className = kind === "bad" ? "says" : "says says--warn";
    box.setAttribute("role", "note");
    const words = box.appendChild(document.createElement("span"));
    sentence(title, words.appendChild(document.createElement("b")));
    if (said) { words.append(" "); sentence(said, words); }
    if (fix && !view.state.readOnly) {
      const button = box.appendChild(document.createElement("button"));
      button.type = "button";
      button.className = "linkish";
      button.textContent = fix.label;
      button.addEventListener("click", () => carryOut(fix.edits));
    }
    return around;
  }
}

/* Of the findings at this moment: marks under the text, one sentence opened, flags in the margin. */
const findings = StateField.define({
  create: () => ({ all: [], marks: Decoration.none, flags: [] }),
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setFindings)) return placed(effect.value, transaction.state.doc);
    if (!transaction.docChanged) return value;
    return { ...value, marks: value.marks.map(transaction.changes), flags: value.flags.map((each) => ({ ...each, at: transaction.changes.mapPos(each.at) })) };
  },
  provide: (field) => EditorView.decorations.from(field, (value) => value.marks),
});

function placed(all, doc) {
  const seen = new Map();
  const ranges = [];
  for (const each of all) {
    if (!each.line || each.line > doc.lines) continue;
    const line = doc.line(each.line);
    if (!seen.has(each.line)) seen.set(each.line, { at: line.from, found: each });
    if (each.span && each.span[1] > each.span[0] && each.span[1] <= doc.length) {
      const mark = Decoration.mark({ class: each.costly ? "costly" : each.kind === "bad" ? "squiggle" : "squiggle squiggle--warn" });
      ranges.push(mark.range(each.span[0], each.span[1]));
    }
  }
  const open = all.find((each) => each.line && each.line <= doc.lines && (each.kind === "bad" || each.fix && !each.costly));
  if (open) ranges.push(Decoration.widget({ widget: new Says(open), block: true, side: 1 }).range(doc.line(open.line).to));
  return { all, marks: Decoration.set(ranges, true), flags: [...seen.values()] };
}

const margin = gutter({
  class: "cm-flags",
  markers(view) {
    const built = new RangeSetBuilder();
    const flags = [...view.state.field(findings).flags].sort((one, other) => one.at - other.at);
    for (const { at, found } of flags) {
      const from = view.state.doc.lineAt(Math.min(at, view.state.doc.length)).from;
      built.add(from, from, new FlagMarker(found));
    }
    return built.finish();
  },
});

/* -- how it looks: the studio's own classes on expressions, tags and comments */

const colours = HighlightStyle.define([
  { tag: tags.propertyName, class: "k" },
  { tag: tags.string, class: "s" },
  { tag: [tags.number, tags.bool, tags.null], class: "n" },
  { tag: [tags.separator, tags.squareBracket, tags.brace], class: "p" },
  { tag: tags.comment, class: "c" },   /* of several lines; the marks below see one line at a time */
]);

const matcher = new MatchDecorator({
  regexp: /\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}/g,
  decoration: (match) => Decoration.mark({ class: { "{": "x", "%": "t", "#": "c" }[match[0][1]] }),
});
const jinjaMarks = ViewPlugin.define(
  (view) => ({ marks: matcher.createDeco(view), update(change) { this.marks = matcher.updateDeco(change, this.marks); } }),
  { decorations: (plugin) => plugin.marks },
);

/* -- the page */

const form = document.getElementById("edit");
const area = document.getElementById("source");   /* null in the form view, whose fields are the page's own */
let view = null;

/* Everything that would be saved, as one text to compare. */
function written() {
  return JSON.stringify([...new FormData(form)].filter(([name]) => /^(source$|field:)/.test(name)));
}
let saved = written();

function ask() { document.body.dispatchEvent(new Event("preview")); }

function carryOut(edits) {
  view.dispatch({ changes: edits.map(([from, to, insert]) => ({ from, to, insert })), userEvent: "input.fix" });
  view.focus();
}

function told() {
  if (!view) return;
  const pane = document.querySelector("[data-findings]");
  view.dispatch({ effects: setFindings.of(JSON.parse(pane?.dataset.findings || "[]")) });
}

const onChange = EditorView.updateListener.of((update) => {
  if (update.docChanged) {
    area.value = update.state.doc.toString();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (update.docChanged || update.selectionSet) where(update.state);
});

function where(state = view?.state) {
  if (!state) return;
  const line = state.doc.lineAt(state.selection.main.head);
  const place = document.getElementById("where");
  if (place) place.textContent = `Line ${line.number}, column ${state.selection.main.head - line.from + 1}`;
}

async function save() {
  const button = document.querySelector("[data-save]");
  if (!button) return;
  const text = written();
  const answer = await fetch(button.formAction, {
    method: "POST", body: new FormData(form), headers: { "HX-Request": "true", "HX-Target": "state" },
  });
  if (!answer.ok || answer.status === 204) {   /* somebody else saved, or one was signed out: the page itself says so */
    saved = text;
    form.requestSubmit(button);
    return;
  }
  saved = text;
  htmx.swap("#state", await answer.text(), { swapStyle: "outerHTML" });
}

function goTo(number) {
  const line = view.state.doc.line(Math.min(number, view.state.doc.lines));
  view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
  view.focus();
}

document.addEventListener("click", (event) => {
  const fix = event.target.closest("[data-fix]");
  const person = event.target.closest("button.person");
  const line = event.target.closest("[data-line]");
  if (fix && view) { event.preventDefault(); carryOut(JSON.parse(fix.value)); }
  if (line && view) { event.preventDefault(); goTo(Number(line.dataset.line)); }
  if (line && !view) {   /* lines are in the code view: go there, with what was written */
    event.preventDefault();
    form.action += `?line=${line.dataset.line}`;
    form.requestSubmit(document.querySelector("button.tab[value=code]"));
  }
  if (person) {
    event.preventDefault();
    const chosen = document.getElementById("profile");
    chosen.name = "profile";
    chosen.value = person.value;
    for (const each of document.querySelectorAll("button.person")) each.removeAttribute("aria-current");
    person.setAttribute("aria-current", "true");
    ask();
  }
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); save(); }
});
form.addEventListener("submit", (event) => {
  if (event.submitter?.matches("[data-save]") && saved !== written()) { event.preventDefault(); save(); return; }
  saved = written();
});
addEventListener("beforeunload", (event) => { if (saved !== written()) event.preventDefault(); });

/* What one looks at stays where it is while results are replaced. */
let kept = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id !== "preview") return;
  const inside = document.activeElement;
  kept = {
    across: event.target.querySelector(".profiles__row")?.scrollLeft ?? 0,
    down: event.target.querySelector(".pane__body")?.scrollTop ?? 0,
    person: inside?.matches("button.person") ? inside.value : null,
  };
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "preview" || !kept) return;
  const row = event.target.querySelector(".profiles__row");
  if (row) row.scrollLeft = kept.across;
  const body = event.target.querySelector(".pane__body");
  if (body) body.scrollTop = kept.down;
  if (kept.person) event.target.querySelector(`button.person[value="${CSS.escape(kept.person)}"]`)?.focus({ preventScroll: true });
  kept = null;
  told();
  where();
});

function open() {
  view = new EditorView({
    state: EditorState.create({
      doc: area.value,
      extensions: [
        EditorView.cspNonce.of(area.dataset.nonce),
        margin, lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), history(), drawSelection(),
        bracketMatching(), closeBrackets(), search({ top: true }), EditorView.lineWrapping,
        jinja({ base: json() }), syntaxHighlighting(colours), jinjaMarks, findings,
        autocompletion({ override: [complete(area.dataset.names)], icons: false }),
        /* Tab is not taken, so that it leaves the editor. */
        keymap.of([...completionKeymap, ...closeBracketsKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({ "aria-label": "Source of the template", spellcheck: "false" }),
        onChange,
      ],
    }),
  });
  area.parentElement.insertBefore(view.dom, area);
  area.hidden = true;
  document.querySelector("label[for=source]").hidden = true;
  told();
  where();
  const asked = new URLSearchParams(location.search).get("line");
  const mayWrite = document.querySelector("[data-save]");
  if (asked) goTo(Number(asked)); else if (mayWrite && matchMedia("(min-width: 74rem)").matches) view.focus();
}

if (area) open();
if (document.querySelector("[data-unsaved]")) saved = null;

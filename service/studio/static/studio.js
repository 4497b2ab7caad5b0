/* Burgee studio: the little that pages do by themselves. Everything works without it; what needs it carries `.scripted`. */
"use strict";

/* Copy buttons */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  const word = button.querySelector("span");
  navigator.clipboard.writeText(text).then(
    () => { word.textContent = "Copied"; setTimeout(() => { word.textContent = "Copy"; }, 2000); },
    () => { getSelection().selectAllChildren(document.getElementById(button.dataset.copy)); },
  );
});

/* A choice in a filter is applied at once */
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-auto]")) event.target.form.requestSubmit();
});

/* Live parts: new rows wait while the pointer or the focus is in them, while paused, and while nobody looks */
let paused = false;
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pause]");
  if (!button) return;
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
  button.querySelector("span").textContent = paused ? "Go on" : "Pause";
  for (const dot of document.querySelectorAll(".live")) dot.classList.toggle("live--paused", paused);
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target;
  if (!part.matches("[data-live]")) return;
  const busy = part.matches(":hover") && part.hasAttribute("data-waits")
    || part.contains(document.activeElement) || part.querySelector("details[open]");
  if (paused || busy || document.hidden) event.preventDefault();
});

/* "/" searches, Esc closes what floats */
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const field = document.querySelector("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }
  if (event.key === "Escape") {
    const open = event.target.closest("details.pop[open]") || document.querySelector("details.pop[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.pop[open]")) if (!open.contains(event.target)) open.open = false;
});

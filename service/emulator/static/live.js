// Keeps the page up to date: asks whether anything has arrived and, if so, swaps the content. Without it the page reloads.
(() => {
  const EVERY_MS = 1500;
  let etag = null;

  const atEnd = (thread) => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 24;
  const toEnd = () => {
    const thread = document.querySelector(".thread");
    if (thread) thread.scrollTop = thread.scrollHeight;
  };

  function swap(text) {
    const before = document.querySelector(".thread");
    const follow = !before || atEnd(before);
    const scrolled = before ? before.scrollTop : 0;
    const focused = document.activeElement && document.activeElement.getAttribute("href");
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (!fresh) return;
    document.querySelector("main").replaceWith(fresh);
    const after = document.querySelector(".thread");
    if (follow) toEnd();
    else if (after) after.scrollTop = scrolled;
    if (focused) document.querySelector(`main a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  async function look() {
    if (document.hidden || String(getSelection())) return;
    try {
      const answer = await fetch(location.href, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
      document.querySelector(".live").classList.remove("is-lost");
      if (answer.status === 304) return;
      const first = etag === null;
      etag = answer.headers.get("ETag");
      if (!first) swap(await answer.text());
    } catch {
      document.querySelector(".live").classList.add("is-lost");
    }
  }

  // A picture that does not load makes room for the drawn one below it. Errors do not bubble, so they are caught on the way down.
  document.addEventListener("error", (event) => event.target.matches?.("img") && event.target.remove(), true);

  document.addEventListener("DOMContentLoaded", () => {
    toEnd();
    look();
    setInterval(look, EVERY_MS);
  });
})();

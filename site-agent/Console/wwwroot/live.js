// A page that follows the worker: the console says that something has changed, and what is shown is fetched anew. It is exchanged where it is other than before and nobody is in the middle of something.
(() => {
  "use strict";
  const notice = document.querySelector("[data-live-notice]");
  const parts = ["[data-live-nav]", "[data-live-page]"];
  const wasOpen = new WeakMap();
  const ended = "This page is not followed any more: you are signed out, or the console was started again.";
  let source = null;

  // Each form has another token each time: that is no change.
  const content = part => {
    const copy = part.cloneNode(true);
    for (const token of copy.querySelectorAll("input[name='form-token']")) token.remove();
    for (const details of copy.querySelectorAll("details")) details.open = false;
    return copy.innerHTML;
  };
  const remember = part => part.querySelectorAll("details").forEach(details => wasOpen.set(details, details.open));
  const isTyped = field => field.type === "checkbox" ? field.checked !== field.defaultChecked
    : field.tagName === "SELECT" ? field.selectedOptions[0] !== ([...field.options].find(option => option.defaultSelected) ?? field.options[0])
    : field.value !== field.defaultValue;
  const isInUse = part => part.contains(document.activeElement)
    || [...part.querySelectorAll("details")].some(details => details.open !== wasOpen.get(details))
    || [...part.querySelectorAll("input, select, textarea")].some(isTyped)
    || (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));
  const say = (sentence, canReload) => {
    notice.replaceChildren();
    if (!sentence) return;
    const text = document.createElement("p");
    text.textContent = sentence + " ";
    if (canReload) {
      const again = document.createElement("a");
      again.href = location.href;
      again.textContent = "Load it again";
      again.dataset.reload = "";
      text.append(again);
    }
    notice.append(text);
  };

  const refresh = async () => {
    const reply = await fetch(location.href, { redirect: "error" });
    if (!reply.ok) throw new Error(String(reply.status));
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    let waits = false;
    for (const name of parts) {
      const [shown, next] = [document.querySelector(name), fresh.querySelector(name)];
      if (!shown || !next) throw new Error(name);
      if (shown.dataset.live === undefined) shown.dataset.live = content(shown);
      const now = content(next);
      if (shown.dataset.live === now) continue;
      if (isInUse(shown)) { waits = true; continue; }
      shown.replaceChildren(...next.childNodes);
      shown.dataset.live = now;
      remember(shown);
    }
    say(waits ? "Something on this page has changed meanwhile. It stays as it is while you are at it." : "", true);
  };

  // Of a run's many entries one picture a second is enough.
  let busy = false, again = false;
  const changed = async () => {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) {
        again = false;
        await refresh();
        await new Promise(done => setTimeout(done, 1000));
      }
    } catch {
      say(ended, true);
    }
    busy = false;
  };

  const follow = () => {
    if (document.hidden) { source?.close(); source = null; return; } // a tab that nobody looks at holds no connection: browsers have six
    if (source) return;
    source = new EventSource("changes");
    source.addEventListener("changed", changed);
    source.addEventListener("error", () => say(source?.readyState === EventSource.CLOSED ? ended : "The console does not answer: what is shown may be old.", true));
    source.addEventListener("open", () => say("", false));
  };

  parts.map(name => document.querySelector(name)).forEach(remember);
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => { source?.close(); source = null; });
  follow();
})();

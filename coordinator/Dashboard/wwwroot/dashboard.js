// Light or dark, as chosen before; set before anything is drawn.
(() => {
  "use strict";
  const key = "fcml-theme";
  const root = document.documentElement;
  const chosen = localStorage.getItem(key);
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  document.addEventListener("click", event => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    if (target.closest("[data-theme-toggle]")) {
      const isDark = (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
      root.dataset.theme = isDark ? "light" : "dark";
      localStorage.setItem(key, root.dataset.theme);
    } else if (target.closest("[data-reload]")) {
      event.preventDefault();
      location.reload();
    }
  });
})();

// Before the first paint: the colours and the language that were chosen here before.
"use strict";
(() => {
  const root = document.documentElement;
  let theme = null;
  let language = null;
  try {
    theme = localStorage.getItem("vidcut.theme");
    language = localStorage.getItem("vidcut.language");
  } catch {
    // A browser that keeps nothing: its own wishes hold.
  }
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const wanted = language ?? navigator.language;
  root.lang = wanted.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
})();

// Before anything is painted: the colours that were chosen here last, if any were; else those of the device.
(function () {
  "use strict";
  const root = document.documentElement;
  const kept = (function () { try { return localStorage.getItem("theme"); } catch { return null; } })();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  const dark = function () {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  document.addEventListener("DOMContentLoaded", function () {
    const button = document.getElementById("theme");
    const name = function () { button.textContent = dark() ? "Light colours" : "Dark colours"; };
    button.hidden = false;
    name();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
    button.addEventListener("click", function () {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* not kept in a private window */ }
      name();
    });
  });
})();

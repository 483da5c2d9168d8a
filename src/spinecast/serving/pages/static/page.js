// The form answers without this script. With it: units are converted, fields that have no meaning are hidden, and each
// finished change is answered at once. No answer is ever shown that the server has not recorded first.
(function () {
  "use strict";
  const form = document.getElementById("patient");
  const answers = document.getElementById("answers");
  const status = document.getElementById("status");
  const peek = document.getElementById("peek");
  let running = null;
  let waiting = null;
  let asked = Boolean(document.querySelector("#asked .asked-list"));
  let whole = asked;  // whether all that is shown answers what stands in the form

  const field = function (name) { return form.elements.namedItem(name); };
  const textOf = function (name) { const held = field(name); return held ? held.value : ""; };
  const tell = function (text) { status.textContent = text; };

  // A number goes along when its unit changes, unless it only makes sense in the new one: then the unit was mistaken.
  form.addEventListener("change", function (event) {
    const unit = event.target.closest("select[data-unit-of]");
    if (!unit) return;
    const input = document.getElementById(unit.dataset.unitOf);
    const before = unit.options[Number(unit.dataset.chosen)];
    const after = unit.selectedOptions[0];
    unit.dataset.chosen = unit.selectedIndex;
    const range = document.getElementById(unit.dataset.unitOf + "-range");
    const usual = after.dataset.usual && after.dataset.usual !== after.dataset.range ? ", usual " + after.dataset.usual : "";
    range.textContent = after.dataset.range + usual;
    const number = Number(input.value.trim().replace(",", "."));
    if (input.value.trim() === "" || !Number.isFinite(number) || !possible(number, before)) return;
    const canonical = number * before.dataset.numerator / before.dataset.denominator + Number(before.dataset.offset);
    const turned = (canonical - after.dataset.offset) * after.dataset.denominator / after.dataset.numerator;
    input.value = String(Number(turned.toPrecision(12)));
    tell(number + " " + before.value + " is " + input.value + " " + after.value + ".");
  });
  const possible = function (number, option) {
    const ends = option.dataset.range.split(" to ").map(Number);
    return number >= ends[0] && number <= ends[1];
  };
  form.querySelectorAll("select[data-unit-of]").forEach(function (unit) { unit.dataset.chosen = unit.selectedIndex; });

  const conditions = function () {
    form.querySelectorAll("[data-if]").forEach(function (one) {
      const given = textOf("v." + one.dataset.if);
      const meant = given === "" || one.dataset.ifLevels.split(" ").includes(given);
      one.hidden = !meant;
      one.querySelectorAll("input, select").forEach(function (control) { control.disabled = !meant; });
    });
  };

  const count = function () {
    form.querySelectorAll("details.group").forEach(function (group) {
      const place = group.querySelector(":scope > summary .known");
      const names = new Set(Array.from(group.querySelectorAll("[name^='v.']"), function (one) { return one.name; }));
      if (!place || !names.size) return;
      const known = Array.from(names).filter(function (name) { return textOf(name).trim() !== ""; }).length;
      place.textContent = known + " of " + names.size + " known";
    });
  };

  const clearErrors = function () {
    const summary = document.getElementById("errors");
    if (summary) summary.remove();
    form.querySelectorAll(".wrong").forEach(function (one) { one.classList.remove("wrong"); });
    form.querySelectorAll(".error").forEach(function (one) { one.textContent = ""; one.hidden = true; });
    form.querySelectorAll("[aria-invalid]").forEach(function (one) {
      one.removeAttribute("aria-invalid");
      one.setAttribute("aria-describedby", (one.getAttribute("aria-describedby") || "").split(" ").filter(function (id) { return !id.endsWith("-error"); }).join(" "));
      if (!one.getAttribute("aria-describedby")) one.removeAttribute("aria-describedby");
    });
  };
  const showErrors = function (errors) {
    Object.entries(errors).forEach(function (entry) {
      const place = document.getElementById(entry[0] + "-error");
      if (!place) return;
      place.textContent = entry[1];
      place.hidden = false;
      const around = place.closest(".field");
      around.classList.add("wrong");
      for (let folded = around.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
      around.querySelectorAll("input, select").forEach(function (control) {
        if (control.name !== entry[0]) return;
        control.setAttribute("aria-invalid", "true");
        control.setAttribute("aria-describedby", ((control.getAttribute("aria-describedby") || "") + " " + place.id).trim());
      });
    });
    const number = Object.keys(errors).length;
    tell("No answer: " + (number === 1 ? "one value cannot be. " : number + " values cannot be. ") + Object.values(errors).join(" "));
  };

  // An answer to other values than those in the form is worse than none.
  const outdated = function (names) {
    answers.setAttribute("aria-busy", "true");
    names.forEach(function (one) { one.classList.add("outdated"); });
    peek.hidden = true;
  };
  const empty = function () {
    answers.removeAttribute("aria-busy");
    answers.querySelectorAll("article.outdated").forEach(function (one) {
      one.querySelectorAll(":scope > :not(header):not(.validity)").forEach(function (part) { part.remove(); });
      one.classList.remove("outdated");
    });
    ["asked", "scores"].forEach(function (id) { document.getElementById(id).replaceChildren(); });
  };
  const put = function (part) {
    const place = document.getElementById(part.into);
    if (!place) return;
    place.innerHTML = part.html;  // made by our own templates, which escape what they are given
    place.classList.remove("outdated");
    peekAt();
  };
  const peekAt = function () {
    const found = Array.from(answers.querySelectorAll("article:not([hidden]):not(.outdated) [data-peek]"), function (one) { return one.dataset.peek; });
    peek.textContent = found.join(" · ");
    peek.hidden = !found.length;
  };

  const ask = async function (more, focus) {
    if (running) running.abort();
    clearTimeout(waiting);
    const own = running = new AbortController();
    const sent = new URLSearchParams(new FormData(form));
    // One part is asked for alone only where nothing else waits for its answer.
    (more || []).forEach(function (pair) { if (whole || pair[0] !== "only") sent.append(pair[0], pair[1]); });
    whole = false;
    const ticked = new Set(sent.getAll("ask"));
    const articles = Array.from(answers.querySelectorAll("article"));
    articles.forEach(function (one) { one.hidden = ticked.size > 0 && !ticked.has(one.id.slice("answer-".length)); });
    const only = sent.get("only");
    outdated(articles.filter(function (one) { return !only || one.id === "answer-" + only; }));
    clearErrors();
    tell("Asking …");
    asked = true;
    try {
      const response = await fetch(form.dataset.live, { method: "POST", body: sent, signal: own.signal, headers: { Accept: "application/x-ndjson" } });
      if (response.status === 422) { const said = await response.json(); empty(); showErrors(said.errors); return; }
      if (response.status === 401 || response.status === 403) throw new Error("nobody is signed in here any more, or they may not ask: load the page again");
      if (!response.ok || !response.body) throw new Error("the server answered " + response.status);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const piece = await reader.read();
        rest += piece.value || "";
        const lines = rest.split("\n");
        rest = lines.pop();
        lines.filter(Boolean).forEach(function (line) { put(JSON.parse(line)); });
        if (piece.done) break;
      }
      answers.removeAttribute("aria-busy");
      whole = true;
      tell("Answered and recorded. " + peek.textContent);
      if (focus) { answers.scrollIntoView({ block: "start" }); answers.focus({ preventScroll: true }); }
    } catch (error) {
      if (own.signal.aborted) return;
      empty();
      tell("No answer: " + error.message + ". Nothing is shown that is not recorded.");
    }
  };

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    const by = event.submitter;
    if (by && by.name === "narrow") ask([["narrow", by.value], ["only", by.value]], false);
    else ask([], true);
  });
  // Answered at once only when a change is finished, and only after somebody has asked for a first answer.
  form.addEventListener("change", function () {
    conditions();
    count();
    if (!asked) return;
    if (running) running.abort();
    whole = false;
    outdated(Array.from(answers.querySelectorAll("article")));
    clearTimeout(waiting);
    waiting = setTimeout(function () { ask([["live", "yes"]], false); }, 500);
  });

  const print = document.getElementById("print");
  print.hidden = false;
  print.addEventListener("click", function () { window.print(); });
  document.getElementById("live-note").hidden = false;
  conditions();
  count();
  if (asked) peekAt();
})();

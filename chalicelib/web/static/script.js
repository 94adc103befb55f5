// Makes pages pleasant; every page works without it. No inline code, no other host (Content-Security-Policy).
"use strict";
document.documentElement.classList.add("js");

const signs = { USD: "$", CAD: "CA$", GBP: "£", EUR: "€", AUD: "A$" };

function money(cents, currency) {
  const text = (Math.floor(cents / 100)).toLocaleString("en-US") + "." + String(cents % 100).padStart(2, "0");
  return signs[currency] ? signs[currency] + text : text + " " + currency;
}

function summed(boxes) {
  const currencies = new Set(boxes.map((b) => b.dataset.currency));
  const cents = boxes.reduce((sum, b) => sum + Number(b.dataset.cents), 0);
  return currencies.size === 1 ? money(cents, [...currencies][0]) : "";
}

// Ticking rows: select all on this page, and what is selected with its sum.
for (const form of document.querySelectorAll("[data-picking]")) {
  const boxes = [...form.querySelectorAll("input[name=id][type=checkbox]")];
  const all = form.querySelector("[data-all]");
  const bar = form.querySelector("[data-bar]");
  const told = form.querySelector("[data-count]");
  const pay = form.querySelector("[data-pay]");
  const show = () => {
    const ticked = boxes.filter((b) => b.checked);
    if (all) {
      all.checked = ticked.length === boxes.length;
      all.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
    }
    if (bar) {
      bar.toggleAttribute("data-none", ticked.length === 0);
      form.querySelector("table").classList.toggle("picking", ticked.length > 0);
      told.classList.remove("soft");
      const noun = ticked.length === 1 ? "1 invoice" : ticked.length + " invoices";
      const sum = summed(ticked);
      told.textContent = noun + (sum ? ", " + sum : "") + " selected";
    }
    if (pay) {
      pay.textContent = ticked.length ? "Pay " + summed(ticked) : "Tick what you want to pay";
      pay.disabled = ticked.length === 0;
    }
  };
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => { for (const b of boxes) b.checked = all.checked; show(); });
  }
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
}

// A button is pressed once: a second click while the first is under way does nothing.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (e) => {
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 15000);
  });
}
window.addEventListener("pageshow", () => { for (const f of document.forms) delete f.dataset.sent; });

// Progress: the same page is asked for again and its part taken over, ever less often.
function poll(part, seconds) {
  const again = async () => {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = fresh.getElementById(part.id);
      if (next) part.replaceChildren(...next.childNodes);
      if (next && next.dataset.poll !== "yes") {
        document.querySelector("h1").textContent = fresh.querySelector("h1").textContent;
        return;
      }
    } catch { /* the next turn asks again */ }
    poll(part, Math.min(30, seconds * 1.1));
  };
  setTimeout(again, seconds * 1000);
}
for (const part of document.querySelectorAll("[data-poll=yes]")) poll(part, 2);

// The reminder set's preview follows what is typed. Values are put in as text, never as markup.
for (const step of document.querySelectorAll("[data-step]")) {
  const values = JSON.parse(step.dataset.values);
  const fill = (text) => text.replace(/\{\{\s*([a-z_]*)\s*\}\}/g, (_, name) => values[name] ?? "");
  const subject = step.querySelector("[data-subject]"), body = step.querySelector("[data-body]");
  const show = () => {
    const days = Number(step.querySelector("[name=days]").value) || 0;
    values.days_overdue = String(step.querySelector("[name=when]").value === "before" ? 0 : days);
    step.querySelector("[data-shown-subject] strong").textContent = fill(subject.value) || "(no subject yet)";
    step.querySelector("[data-shown-body]").textContent = fill(body.value);
  };
  step.addEventListener("input", show);
}
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
